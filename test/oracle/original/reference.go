package main

import (
	// The algorithms that every runtime links in; without them their digests would be refused.
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/json"

	"github.com/distribution/reference"
)

type referenceAnswer struct {
	Parsed     *parts      `json:"parsed,omitempty"`
	ParseError string      `json:"parseError,omitempty"`
	Normalised *normalised `json:"normalised,omitempty"`
	Error      string      `json:"error,omitempty"`
}

type parts struct {
	Domain string `json:"domain"`
	Path   string `json:"path"`
	Tag    string `json:"tag"`
	Digest string `json:"digest"`
}

type normalised struct {
	parts
	Canonical string `json:"canonical"`
	Familiar  string `json:"familiar"`
}

func aboutReference(raw json.RawMessage) (any, error) {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, err
	}
	var answer referenceAnswer
	if parsed, err := reference.Parse(text); err != nil {
		answer.ParseError = err.Error()
	} else {
		answer.Parsed = partsOf(parsed)
	}
	if named, err := reference.ParseNormalizedNamed(text); err != nil {
		answer.Error = err.Error()
	} else {
		answer.Normalised = &normalised{
			parts:     *partsOf(named),
			Canonical: reference.TagNameOnly(named).String(),
			Familiar:  reference.FamiliarString(named),
		}
	}
	return answer, nil
}

func partsOf(ref reference.Reference) *parts {
	var p parts
	if named, ok := ref.(reference.Named); ok {
		p.Domain, p.Path = reference.Domain(named), reference.Path(named)
	}
	if tagged, ok := ref.(reference.Tagged); ok {
		p.Tag = tagged.Tag()
	}
	if digested, ok := ref.(reference.Digested); ok {
		p.Digest = digested.Digest().String()
	}
	return &p
}

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	_ "unsafe" // for go:linkname

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/credentialprovider/plugin"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/util/parsers"
)

// The plugin package exports only the registration, which ends the kubelet when a plugin is missing and says nothing of what
// it read. So its own steps are called by name.

//go:linkname readCredentialProviderConfig k8s.io/kubernetes/pkg/credentialprovider/plugin.readCredentialProviderConfig
func readCredentialProviderConfig(path string) (*kubeletconfig.CredentialProviderConfig, string, error)

//go:linkname validateCredentialProviderConfig k8s.io/kubernetes/pkg/credentialprovider/plugin.validateCredentialProviderConfig
func validateCredentialProviderConfig(config *kubeletconfig.CredentialProviderConfig, tokens bool) field.ErrorList

// What is registered is registered for the life of a kubelet; here it is for one case.

//go:linkname registered k8s.io/kubernetes/pkg/credentialprovider/plugin.providers
var registered []struct {
	name string
	impl *struct{}
}

//go:linkname registeredNames k8s.io/kubernetes/pkg/credentialprovider/plugin.seenProviderNames
var registeredNames sets.String

type providerConfigCase struct {
	// One file is named outright, several lie in a folder.
	Folder bool              `json:"folder"`
	Files  map[string]string `json:"files"`
}

type providerConfigAnswer struct {
	// Why it cannot be decoded or joined.
	Unreadable string `json:"unreadable,omitempty"`
	// What is wrong with it.
	Invalid   []string         `json:"invalid,omitempty"`
	Providers []providerAnswer `json:"providers"`
}

type providerAnswer struct {
	Name        string      `json:"name"`
	APIVersion  string      `json:"apiVersion"`
	MatchImages []string    `json:"matchImages"`
	CacheNs     int64       `json:"cacheNs"`
	Args        []string    `json:"args"`
	Env         [][2]string `json:"env"`
	WantsToken  bool        `json:"wantsToken"`
}

func aboutProviderConfig(raw json.RawMessage) (any, error) {
	var c providerConfigCase
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "oracle")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := folder
	for name, text := range c.Files {
		file := filepath.Join(folder, name)
		if !c.Folder {
			path = file
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	config, _, err := readCredentialProviderConfig(path)
	if err != nil {
		return providerConfigAnswer{Unreadable: err.Error()}, nil
	}
	answer := providerConfigAnswer{Providers: []providerAnswer{}}
	for _, problem := range validateCredentialProviderConfig(config, true) {
		answer.Invalid = append(answer.Invalid, problem.Error())
	}
	for _, p := range config.Providers {
		one := providerAnswer{p.Name, p.APIVersion, append([]string{}, p.MatchImages...), 0, append([]string{}, p.Args...), [][2]string{}, p.TokenAttributes != nil}
		if p.DefaultCacheDuration != nil {
			one.CacheNs = int64(p.DefaultCacheDuration.Duration)
		}
		for _, variable := range p.Env {
			one.Env = append(one.Env, [2]string{variable.Name, variable.Value})
		}
		answer.Providers = append(answer.Providers, one)
	}
	return answer, nil
}

type providersCase struct {
	Config string `json:"config"`
	// Their shell scripts.
	Plugins map[string]string `json:"plugins"`
	Steps   []struct {
		Image string `json:"image"`
		// What plugins answer from in this step.
		Files map[string]string `json:"files"`
	} `json:"steps"`
}

type providersAnswer struct {
	// Of each step.
	Found [][][2]string `json:"found"`
	// What each plugin was asked last, where its script wrote it down.
	Asked map[string]string `json:"asked"`
}

func aboutProviders(raw json.RawMessage) (any, error) {
	var c providersCase
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "oracle")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	// The kubelet starts plugins where it runs itself.
	if err := os.Chdir(folder); err != nil {
		return nil, err
	}
	defer os.Chdir("/")
	if err := register(folder, c); err != nil {
		return nil, err
	}
	answer := providersAnswer{Found: [][][2]string{}, Asked: map[string]string{}}
	for _, step := range c.Steps {
		for name := range c.Plugins {
			os.Remove(name + ".answer")
		}
		for name, text := range step.Files {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				return nil, err
			}
		}
		repository, _, _, err := parsers.ParseImageName(step.Image)
		if err != nil {
			return nil, err
		}
		found := [][2]string{}
		credentials, _ := plugin.NewExternalCredentialProviderDockerKeyring("shop", "pod", "uid", "default").Lookup(repository)
		for _, one := range credentials {
			found = append(found, [2]string{one.Username, one.Password})
		}
		answer.Found = append(answer.Found, found)
	}
	for name := range c.Plugins {
		if text, err := os.ReadFile(name + ".asked"); err == nil {
			answer.Asked[name] = string(text)
		}
	}
	return answer, nil
}

func register(folder string, c providersCase) error {
	registered, registeredNames = nil, sets.NewString()
	bin := filepath.Join(folder, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		return err
	}
	for name, script := range c.Plugins {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o700); err != nil {
			return err
		}
	}
	config := filepath.Join(folder, "config.json")
	if err := os.WriteFile(config, []byte(c.Config), 0o600); err != nil {
		return err
	}
	if err := plugin.RegisterCredentialProviderPlugins(config, bin, nil, nil); err != nil {
		return fmt.Errorf("the case is no valid configuration: %w", err)
	}
	return nil
}

package main

import (
	"encoding/json"
	"sort"
	"strconv"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"
	"k8s.io/kubernetes/pkg/util/parsers"
)

type credentialsCase struct {
	Secrets []struct {
		Type string            `json:"type"`
		Data map[string]string `json:"data"`
	} `json:"secrets"`
	Images []string `json:"images"`
}

type credentialsAnswer struct {
	// Of each secret alone: decoded, undecodable, ignored.
	Secrets []string `json:"secrets"`
	// Whether all of them together fail the pull.
	Fails bool `json:"fails"`
	// Of each image, from the secrets that can be decoded.
	Lookups []lookup `json:"lookups"`
}

type lookup struct {
	NoReference bool `json:"noReference,omitempty"`
	// In the kubelet's order, where Go's random one among the keys of one secret leaves a choice.
	Found []found `json:"found"`
	// As it comes out when the keys of each secret are added one by one, sorted.
	Sorted []found `json:"sorted"`
}

// Bytes, because names and passwords need not be UTF-8.
type found struct {
	Secret   int    `json:"secret"`
	Username []byte `json:"username"`
	Password []byte `json:"password"`
}

func aboutCredentials(raw json.RawMessage) (any, error) {
	var c credentialsCase
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, err
	}
	answer := credentialsAnswer{Secrets: []string{}, Lookups: []lookup{}}
	var all, good []v1.Secret
	sorted := &credentialprovider.BasicDockerKeyring{}
	for i, s := range c.Secrets {
		secret := v1.Secret{ObjectMeta: metav1.ObjectMeta{Name: strconv.Itoa(i)}, Type: v1.SecretType(s.Type), Data: map[string][]byte{}}
		for name, text := range s.Data {
			secret.Data[name] = []byte(text)
		}
		all = append(all, secret)
		switch alone, err := secrets.MakeDockerKeyring([]v1.Secret{secret}, nil); {
		case err != nil:
			answer.Secrets = append(answer.Secrets, "undecodable")
		case alone == nil:
			answer.Secrets = append(answer.Secrets, "ignored")
		default:
			answer.Secrets = append(answer.Secrets, "decoded")
			good = append(good, secret)
			if err := addSorted(sorted, secret); err != nil {
				return nil, err
			}
		}
	}
	_, err := secrets.MakeDockerKeyring(all, nil)
	answer.Fails = err != nil
	together, err := secrets.MakeDockerKeyring(good, credentialprovider.UnionDockerKeyring{})
	if err != nil {
		return nil, err
	}
	for _, image := range c.Images {
		repository, _, _, err := parsers.ParseImageName(image)
		if err != nil {
			answer.Lookups = append(answer.Lookups, lookup{NoReference: true, Found: []found{}, Sorted: []found{}})
			continue
		}
		answer.Lookups = append(answer.Lookups, lookup{Found: lookUp(together, repository), Sorted: lookUp(sorted, repository)})
	}
	return answer, nil
}

func addSorted(keyring *credentialprovider.BasicDockerKeyring, secret v1.Secret) error {
	var entries credentialprovider.DockerConfig
	if secret.Type == v1.SecretTypeDockerConfigJson {
		var config credentialprovider.DockerConfigJSON
		if err := json.Unmarshal(secret.Data[v1.DockerConfigJsonKey], &config); err != nil {
			return err
		}
		entries = config.Auths
	} else if err := json.Unmarshal(secret.Data[v1.DockerConfigKey], &entries); err != nil {
		return err
	}
	keys := make([]string, 0, len(entries))
	for key := range entries {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	source := &credentialprovider.CredentialSource{Secret: &credentialprovider.SecretCoordinates{Name: secret.Name}}
	for _, key := range keys {
		keyring.Add(source, credentialprovider.DockerConfig{key: entries[key]})
	}
	return nil
}

func lookUp(keyring credentialprovider.DockerKeyring, repository string) []found {
	credentials, _ := keyring.Lookup(repository)
	all := []found{}
	for _, one := range credentials {
		secret, _ := strconv.Atoi(one.Source.Secret.Name)
		all = append(all, found{secret, []byte(one.Username), []byte(one.Password)})
	}
	return all
}

type registryCase struct {
	Pattern string `json:"pattern"`
	Image   string `json:"image"`
}

type registryAnswer struct {
	NoReference bool   `json:"noReference,omitempty"`
	Matches     bool   `json:"matches"`
	Error       string `json:"error,omitempty"`
}

func aboutRegistry(raw json.RawMessage) (any, error) {
	var c registryCase
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, err
	}
	repository, _, _, err := parsers.ParseImageName(c.Image)
	if err != nil {
		return registryAnswer{NoReference: true}, nil
	}
	matches, err := credentialprovider.URLsMatchStr(c.Pattern, repository)
	if err != nil {
		return registryAnswer{Error: err.Error()}, nil
	}
	return registryAnswer{Matches: matches}, nil
}

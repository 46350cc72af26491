module kube-prefetch.io/lab/paced-registry

go 1.24

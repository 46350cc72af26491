module kube-prefetch.io/lab/hello

go 1.24

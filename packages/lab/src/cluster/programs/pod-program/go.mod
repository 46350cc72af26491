module kube-prefetch.io/lab/pod-program

go 1.24

module github.com/tealgate/tealgate/test/kubernetes

go 1.26.0

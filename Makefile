# Everything runs from the repository root and needs Go, gcc, make and git, the tests
# Debian's prometheus too. Tools are Go modules below .tools/, one each, because their
# requirements contradict one another: Go builds them on first use and keeps them in its
# build cache.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION      ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TEST_TIMEOUT ?= 40m
FUZZTIME     ?= 30s
BENCH        ?= .
KEEP         ?=
ARCH         ?= $(shell go env GOARCH)
IMAGE        ?= tealgate:dev
ARCHIVE      ?= $(CURDIR)/bin/tealgate.tar
REVISION     ?= $(shell git rev-parse HEAD 2>/dev/null)
CREATED      ?= $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),0)

TOOL           = go tool -modfile=.tools/$(1)/go.mod $(1)
GOLANGCI_LINT  = $(call TOOL,golangci-lint)
CONTROLLER_GEN = $(call TOOL,controller-gen)
OPA            = $(call TOOL,opa)
REGAL          = $(call TOOL,regal)

# Where test/kubernetes keeps what it has built.
KUBERNETES_CACHE = $(or $(TEALGATE_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tealgate)/kubernetes

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: build
build: ## Build bin/tealgate and bin/kubectl-tealgate
	@CGO_ENABLED=0 go build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/ ./cmd/tealgate ./cmd/kubectl-tealgate

# The same sources, VERSION, REVISION and CREATED make the same digest, wherever they are.
.PHONY: image
image: ## Write the image IMAGE=tealgate:dev, for ARCH, to bin/tealgate.tar
	@CGO_ENABLED=0 GOOS=linux GOARCH=$(ARCH) go build -trimpath -buildvcs=false \
		-ldflags '-s -w -X main.version=$(VERSION)' -o bin/image/tealgate ./cmd/tealgate
	@SOURCE_DATE_EPOCH=$(CREATED) go run -C .tools/image . \
		-binary $(CURDIR)/bin/image/tealgate -roots -name $(IMAGE) -o $(ARCHIVE) \
		-label org.opencontainers.image.title=tealgate \
		-label org.opencontainers.image.description='Blue-green deployment made safe for plain Deployments and Services' \
		-label org.opencontainers.image.source=https://github.com/tealgate/tealgate \
		-label org.opencontainers.image.licenses=Apache-2.0 \
		-label org.opencontainers.image.version=$(VERSION) \
		-label org.opencontainers.image.revision=$(REVISION)

.PHONY: test
test: kubernetes ## Vet and test everything, against a real API server, with the race detector
	@go vet -tags e2e ./...
	@# The longest first: it mostly waits, and the others fill its pauses.
	@go test -race -timeout $(TEST_TIMEOUT) ./test/integration ./...
	@find test -name go.mod -exec dirname {} \; | sort | while read -r module; do \
		cd "$(CURDIR)/$$module"; \
		packages=$$(go list ./... 2>/dev/null || go list ./...); \
		if [ -n "$$packages" ]; then go vet ./...; fi; \
	done
	@for module in test/monitoring .tools/image; do (cd $$module && go vet ./... && go test ./...); done

.PHONY: lint
lint: ## Lint Go and Rego
	@$(GOLANGCI_LINT) run ./...
	@$(OPA) check --strict --schema policies/schema/input.json policies
	@$(OPA) fmt --list --fail policies
	@$(REGAL) lint --no-color policies

.PHONY: generate
generate: ## Write everything that is generated
	@$(CONTROLLER_GEN) object crd paths=./internal/api/... output:crd:dir=manifests/crd
	@go generate ./...
	@$(CONTROLLER_GEN) rbac:roleName=tealgate paths=./cmd/tealgate output:rbac:dir=manifests/rbac

# It compares the whole working tree, as git sees it, before and after. The tree is hashed
# into a throw-away index and object store, so a dirty tree and staged changes do not matter.
.PHONY: verify
verify: ## Fail if go.mod or a generated file is out of date
	@go mod tidy -diff || { echo 'go.mod or go.sum is out of date: run go mod tidy and commit the result.' >&2; exit 1; }
	@store=$$(mktemp -d); trap 'rm -rf "$$store"' EXIT; mkdir "$$store/objects"; \
	objects=$$(git rev-parse --path-format=absolute --git-path objects); \
	in_store() { \
		GIT_INDEX_FILE="$$store/index" GIT_OBJECT_DIRECTORY="$$store/objects" \
		GIT_ALTERNATE_OBJECT_DIRECTORIES="$$objects" git --no-pager "$$@"; \
	}; \
	before=$$(in_store add --all && in_store write-tree); \
	$(MAKE) --no-print-directory generate; \
	after=$$(in_store add --all && in_store write-tree); \
	in_store diff --stat --exit-code "$$before" "$$after" || { \
		echo 'Generated files were out of date: commit what make generate has just written.' >&2; exit 1; }

.PHONY: demo
demo: ## Show a blue-green release on a real API server (KEEP=1 leaves it running)
	@go run ./test/demo $(if $(KEEP),-keep)

.PHONY: kubernetes
kubernetes: ## Build the Kubernetes binaries for test and demo, once (about 10 minutes on 2 cores)
	@cd test/kubernetes && go run .

# What of a node Debian has. Nothing is installed where all of it is there already, and
# elsewhere than on Debian, as root: the tests of test/node say what is missing then.
NODE_PACKAGES = runc containernetworking-plugins iptables conntrack iproute2
NODE_PROGRAMS = runc /usr/lib/cni/bridge iptables conntrack ip
NODE_BINARIES = etcd,kube-apiserver,kube-controller-manager,kube-scheduler,kubectl,kubelet,kube-proxy,containerd,containerd-shim-runc-v2,ctr

.PHONY: e2e
e2e: ## Run tealgate on a real node (root), or on the cluster of E2E_KUBECONFIG=FILE
ifdef E2E_KUBECONFIG
	@E2E_KUBECONFIG='$(abspath $(E2E_KUBECONFIG))' go test -tags e2e -count=1 -timeout 20m -v ./test/e2e
else
	@PATH="$$PATH:/usr/sbin:/sbin"; \
	for program in $(NODE_PROGRAMS); do \
		if command -v $$program >/dev/null; then continue; fi; \
		if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then break; fi; \
		echo "installing for the node, $$program is missing: $(NODE_PACKAGES)"; \
		apt-get update -qq; \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $(NODE_PACKAGES); \
		break; \
	done
	@go test -tags e2e -count=1 ./test/node
	@cd test/kubernetes && go run . -only $(NODE_BINARIES)
	@go test -tags e2e -count=1 -timeout 20m -v ./test/e2e
endif

IMAGES ?= $(CURDIR)/bin/e2e

.PHONY: e2e-images
e2e-images: ## Write the images of the scenarios to bin/e2e, for the nodes of a cluster of yours
	@mkdir -p $(IMAGES)
	@$(MAKE) --no-print-directory image ARCHIVE=$(IMAGES)/tealgate.tar
	@for app in test/node/pause test/e2e/app test/e2e/load; do \
		name=$$(basename $$app); \
		(cd $$app && CGO_ENABLED=0 GOOS=linux GOARCH=$(ARCH) go build -trimpath -ldflags '-s -w' -o $(CURDIR)/bin/image/$$name .); \
		go run -C .tools/image . -binary $(CURDIR)/bin/image/$$name -name tealgate-e2e/$$name:1 -o $(IMAGES)/$$name.tar; \
	done

.PHONY: fuzz
fuzz: ## Fuzz the admission handler for FUZZTIME=30s
	@go test -run '^$$' -fuzz '^FuzzHandler$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 1s ./internal/admission

.PHONY: bench
bench: ## Run the benchmarks that match BENCH=.
	@go test -run '^$$' -bench '$(BENCH)' -benchmem ./...

.PHONY: clean
clean: ## Remove what was built here
	@rm -rf bin
	@echo 'The Kubernetes binaries are kept in $(KUBERNETES_CACHE); to remove them: rm -rf $(KUBERNETES_CACHE)'

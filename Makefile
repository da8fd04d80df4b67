# What people do here. `make` alone lists it.

# The program as it is run for generated files; .ci/run hands in the one that the tests have built already.
PROVOST ?= cargo run --quiet --

# Below which folder `make install` puts things.
PREFIX ?= $(HOME)/.local

.DEFAULT_GOAL := help
.PHONY: help demo test crash-matrix check build install apiserver tools generate endpoints bench fuzz sbom

help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build apiserver ## Watch it work on this machine: API server, simulated vendors, operator, examples; ARGS="--help" shows more
	target/release/provost demo $(ARGS)

test: apiserver tools ## Run all tests; the integration tests use a real Kubernetes API server
	cargo test

crash-matrix: apiserver ## Let the power fail at every call of every operation of every kind, and print the table; CRASH_KIND=Tool for one kind
	cargo test --test it crash:: -- --ignored --nocapture

fuzz: ## Try properties and decoders with many more inputs than `make test` does; CASES=100000 for another number
	PROPTEST_CASES=$(or $(CASES),20000) cargo test --lib -- properties fuzz

check: ## Check format, lints and documentation
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

build: ## Build the program: target/release/provost
	cargo build --release

install: build ## Install the program, its manual, and kubectl's plugin below PREFIX (~/.local)
	install -D target/release/provost $(DESTDIR)$(PREFIX)/bin/provost
	ln -sf provost $(DESTDIR)$(PREFIX)/bin/kubectl-provost
	ln -sf provost $(DESTDIR)$(PREFIX)/bin/kubectl_complete-provost
	target/release/provost man --dir $(DESTDIR)$(PREFIX)/share/man/man1

apiserver: ## Build the API server and kubectl for tests and demo, once, with Go; not needed with KUBEBUILDER_ASSETS or a cluster
	tests/apiserver/build.sh

tools: ## Build helm, promtool and what judges objects as GitOps programs do, for the tests, once, with Go
	tests/tools/build.sh

generate: tools ## Write all generated files: definitions, chart parts, tables of the docs, deploy/install.yaml
	$(PROVOST) generate
	deploy/render.sh >deploy/install.yaml

endpoints: ## Print which part of Provost reaches which vendor endpoint
	@$(PROVOST) generate --print docs/endpoints.md

bench: apiserver build ## Measure the released program; ARGS="--accounts 10000 --rows b3,b6" for another size and some rows
	@# Building the benchmark puts a program of its own in the place of the released one.
	cp -f target/release/provost target/released
	cargo bench --bench operator -- --program target/released $(ARGS)

sbom: ## Write what the program is made of, as CycloneDX, into target/sbom.cdx.json; needs cargo-cyclonedx
	@command -v cargo-cyclonedx >/dev/null || { echo "sbom: install it first: cargo install cargo-cyclonedx --locked" >&2; exit 1; }
	cargo cyclonedx --quiet --format json --spec-version 1.5 --describe binaries --no-build-deps
	mkdir -p target
	mv provost_bin.cdx.json target/sbom.cdx.json

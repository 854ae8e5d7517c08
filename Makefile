# Thin: each line is what a person would type.

.PHONY: run test check bench banner
.DEFAULT_GOAL := run

# The demonstration shop on http://127.0.0.1:8080/
run:
	tests/prepare build
	@$(MAKE) --no-print-directory banner
	cargo run -- serve --demo

# Everything, with its own set-up; prints how many tests ran
test:
	tests/run

# Form and lints: denied, not warned
check: banner
	cargo fmt --check
	cargo clippy --quiet --all-targets -- --deny warnings
	cd banner && npm run --silent check
	tests/check-dependencies

# Consents a second on both databases, with 64 clients
bench: banner
	tests/with-postgres cargo bench --quiet --bench consents

# The browser's half, into banner/build/embed, where the server's build finds it
banner: banner/node_modules/.package-lock.json
	cd banner && npm run --silent build

banner/node_modules/.package-lock.json: banner/package-lock.json
	cd banner && npm ci --no-audit --no-fund --loglevel=error

# Thin: each line is what a person would type.

.PHONY: run test check bench bench-reads bench-growth bench-api bench-export bench-banner banner
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

# Consents a second on both databases, beside what their parts give alone, and in overload; BENCH_SECONDS for each figure
bench: banner
	tests/with-postgres cargo bench --quiet --bench consents

# Scripts and notices a second, against a bare server of the same bytes
bench-reads: banner
	tests/with-postgres cargo bench --quiet --bench reads

# What ten million stored consents change: some 8 GB in /tmp and many minutes; BENCH_ROWS=1000000 stops earlier
bench-growth: banner
	tests/with-postgres cargo bench --quiet --bench growth

# Lookups of a thousand names among ten thousand people and ten million: some 12 GB in /tmp; BENCH_ROWS=1000000 stops earlier
bench-api: banner
	tests/with-postgres cargo bench --quiet --bench api

# A million answers and a million people, read whole: rows a second and memory; some 2 GB in /tmp, BENCH_ROWS stops earlier
bench-export: banner
	tests/with-postgres cargo bench --quiet --bench export

# What the banner costs a page in Chromium, beside four others; some 10 minutes, BENCH_ROUNDS=3 is enough to see it
bench-banner: banner benches/banner/node_modules/.package-lock.json
	tests/prepare test
	cargo build --quiet
	node benches/banner/main.mjs

benches/banner/node_modules/.package-lock.json: benches/banner/package-lock.json
	cd benches/banner && npm ci --no-audit --no-fund --loglevel=error

# The browser's half, into banner/build/embed, where the server's build finds it
banner: banner/node_modules/.package-lock.json
	cd banner && npm run --silent build

banner/node_modules/.package-lock.json: banner/package-lock.json
	cd banner && npm ci --no-audit --no-fund --loglevel=error

# The words of daily work. `just --list` shows them; each is one line that can be typed as well.

# What must hold before a commit, quickest first.
check:
    cargo xfmt --check
    cargo lint
    ./test

# All tests; arguments go to the test runner: `just test histogram`.
test *ARGS:
    ./test {{ARGS}}

# The benchmarks of what runs between reply and recording.
bench *ARGS:
    cargo bench --locked {{ARGS}}

# The customer journey against the embedded market.
demo:
    cargo run --release --locked -- run --scenario customer -d 15s

# The newest run as a page.
report FILE="target/report.html":
    cargo run --release --locked -- report latest --html {{FILE}}

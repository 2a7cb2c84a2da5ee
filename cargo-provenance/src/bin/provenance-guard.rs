//! The guard: a rustc wrapper. A program of its own because it starts before every call of rustc.

fn main() -> std::process::ExitCode {
    cargo_provenance::guard::main()
}

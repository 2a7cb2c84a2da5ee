//! The binary.

fn main() -> std::process::ExitCode {
    cargo_provenance::main()
}

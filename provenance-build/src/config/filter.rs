//! Which settings are harmless. Everything that is not named here is recorded.

/// Whether a setting can neither run nor swap code nor change where sources or artifacts come from.
///
/// What is *not* harmless although it looks so: `alias` (cargo's own short forms `b`, `c`, `r`, `t` and external commands
/// can be redefined, with `--config` among their arguments), `build.target` (a target file names a linker), `build.target-dir` and
/// `build.build-dir` (artifacts that count as fresh), `net.git-fetch-with-cli` (runs another git with its own
/// configuration), `http.proxy`, `http.cainfo` and `net.ssh` (who answers), `registry.default` (where `add` looks),
/// `profile.*.rustflags`, `codegen-backend` and `rpath`.
pub(super) fn harmless(key: &[String]) -> bool {
    match key.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["cache" | "cargo-new" | "future-incompat-report" | "term", ..] => true,
        ["build", "dep-info-basedir" | "incremental" | "jobs" | "warnings"] => true,
        ["http", "debug" | "low-speed-limit" | "multiplexing" | "timeout" | "user-agent"] => true,
        ["net", "offline" | "retry"] => true,
        ["profile", _, .., setting] => matches!(
            setting,
            "codegen-units"
                | "debug"
                | "debug-assertions"
                | "incremental"
                | "inherits"
                | "lto"
                | "opt-level"
                | "overflow-checks"
                | "panic"
                | "split-debuginfo"
                | "strip"
        ),
        // Secrets run nothing, and must never be copied into a file that is committed.
        ["registry", "secret-key" | "token"] | ["registries", _, "secret-key" | "token"] => true,
        _ => false,
    }
}

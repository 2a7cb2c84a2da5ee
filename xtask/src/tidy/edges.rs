//! Who may touch the world outside: files, sockets, processes, environment, clock and terminal.

use super::source::{Named, Source};
use super::{JUDGE, KERNEL, Offence, TOOL, inside};

/// Something only a few places may do.
struct Capability {
    /// The sources it is about.
    within: &'static [&'static str],
    /// Paths that do it, by their beginning.
    paths: &'static [&'static [&'static str]],
    /// Macros that do it.
    macros: &'static [&'static str],
    /// Methods without arguments that do it.
    methods: &'static [&'static str],
    /// Beginnings of the files below `within` that may.
    only: &'static [&'static str],
    /// What to say.
    message: &'static str,
}

/// Modules beside those that judge that get everything handed to them.
const PURE: &[&str] = &["render"];

/// Kernel modules that turn bytes into values and values into verdicts.
const PURE_KERNEL: &[&str] =
    &["digest", "drift", "inventory", "lockfile", "manifest", "name", "signing", "verify"];

const IO_PATHS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process::Command",
    "std::process::abort",
    "std::process::exit",
    "std::env",
    "std::time::SystemTime",
    "std::time::Instant",
    "std::io::stdin",
    "tempfile",
];

const IO_METHODS: &[&str] =
    &["canonicalize", "exists", "read_dir", "read_link", "symlink_metadata", "try_exists"];

const WRITES: &[&str] = &[
    "std::fs::DirBuilder",
    "std::fs::File::create",
    "std::fs::File::create_new",
    "std::fs::File::options",
    "std::fs::OpenOptions",
    "std::fs::copy",
    "std::fs::create_dir",
    "std::fs::create_dir_all",
    "std::fs::hard_link",
    "std::fs::remove_dir",
    "std::fs::remove_dir_all",
    "std::fs::remove_file",
    "std::fs::rename",
    "std::fs::set_permissions",
    "std::fs::soft_link",
    "std::fs::write",
    "std::os::unix::fs::symlink",
    "std::os::windows::fs::symlink_dir",
    "std::os::windows::fs::symlink_file",
];

/// What reads the environment, and not what `std::env` only computes.
const ENVIRONMENT: &[&str] = &[
    "std::env::current_dir",
    "std::env::current_exe",
    "std::env::home_dir",
    "std::env::set_current_dir",
    "std::env::temp_dir",
    "std::env::var",
    "std::env::var_os",
    "std::env::vars",
    "std::env::vars_os",
];

const PRINTS: &[&str] = &["anstream", "std::io::stderr", "std::io::stdout"];
const PRINT_MACROS: &[&str] = &["eprint", "eprintln", "print", "println"];

const CAPABILITIES: &[Capability] = &[
    Capability {
        within: TOOL,
        paths: &[PRINTS],
        macros: PRINT_MACROS,
        methods: &[],
        // Settings only ask whether it is a terminal.
        only: &["shell.rs", "cli/settings.rs", "guard/program.rs"],
        message: "only `shell` prints; return it in the `Report`",
    },
    Capability {
        within: TOOL,
        paths: &[&["std::net", "ureq"]],
        macros: &[],
        methods: &[],
        only: &["net/"],
        message: "only `net` opens sockets",
    },
    Capability {
        within: TOOL,
        paths: &[&["std::os::unix::net"]],
        macros: &[],
        methods: &[],
        only: &["keys/"],
        message: "only `keys` talks to an agent",
    },
    Capability {
        within: TOOL,
        paths: &[&["std::process::Command", "std::process::Child", "cargo_metadata::MetadataCommand"]],
        macros: &[],
        methods: &[],
        // The pager that the user's environment names: it shows what `shell` would print.
        only: &["cargo/", "git/", "guard/program.rs", "shell/pager.rs"],
        message: "only `cargo`, `git`, the guard and the pager start processes",
    },
    Capability {
        within: TOOL,
        paths: &[WRITES],
        macros: &[],
        methods: &[],
        // Git writes the files of a commit into a scratch folder of its own.
        only: &[
            "store/",
            "cargo/home.rs",
            "cargo/scratch.rs",
            "cargo/shadow.rs",
            "cargo/shadow/",
            "git/",
            "guard/session.rs",
            // Opens for reading only, and without waiting for a pipe, which `File::open` cannot.
            "processes/identity.rs",
        ],
        message: "only `store`, the shadow workspace, the scratch cargo home and the guard's record write files",
    },
    Capability {
        within: TOOL,
        paths: &[&["tempfile"]],
        macros: &[],
        methods: &[],
        only: &["store/", "cargo/", "git/"],
        message: "only the edges make scratch folders",
    },
    Capability {
        within: TOOL,
        paths: &[ENVIRONMENT, &["std::time::SystemTime::now"]],
        macros: &[],
        methods: &[],
        only: &[
            "cli/settings.rs",
            "cli/settings/",
            "guard/environment.rs",
            "guard/program.rs",
            "guard/session.rs",
        ],
        message: "only `cli/settings.rs` reads the environment and the clock; take `model::Surroundings`",
    },
    Capability {
        within: KERNEL,
        paths: &[ENVIRONMENT],
        macros: &[],
        methods: &[],
        only: &["cargo_env.rs"],
        message: "only `cargo_env` reads the environment",
    },
    Capability {
        within: KERNEL,
        paths: &[PRINTS],
        macros: PRINT_MACROS,
        methods: &[],
        only: &["directive.rs"],
        message: "only `directive` prints",
    },
    Capability {
        within: KERNEL,
        paths: &[WRITES],
        macros: &[],
        methods: &[],
        only: &["embed.rs", "marker.rs", "poison.rs"],
        message: "only `poison` removes files, `marker` writes its one file, and `embed` what a binary includes",
    },
    Capability {
        within: KERNEL,
        paths: &[&["std::process::Command", "std::process::Child"]],
        macros: &[],
        methods: &[],
        only: &["cargo_env.rs"],
        message: "only `cargo_env` starts a process",
    },
    Capability {
        within: KERNEL,
        paths: &[&["std::net"]],
        macros: &[],
        methods: &[],
        only: &[],
        message: "the kernel does not use the network",
    },
];

/// Checks every capability and the pure modules.
pub(super) fn check(sources: &[&Source]) -> Vec<Offence> {
    sources
        .iter()
        .flat_map(|source| {
            let paths = source.paths();
            CAPABILITIES
                .iter()
                .flat_map(|capability| capability_offences(source, &paths, capability))
                .chain(purity_offences(source, &paths))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn capability_offences(source: &Source, paths: &[Named], capability: &Capability) -> Vec<Offence> {
    let Some(inside) = inside(&source.file, capability.within) else { return vec![] };
    if capability.only.iter().any(|only| inside.starts_with(only)) {
        return vec![];
    }
    let named = paths
        .iter()
        .filter(|named| capability.paths.iter().any(|paths| begins_with_any(&named.path, paths)))
        .cloned();
    let called = source.macros().filter(|called| capability.macros.contains(&called.path.as_str()));
    let asked = source.plain_methods().filter(|asked| capability.methods.contains(&asked.path.as_str()));
    named
        .chain(called)
        .chain(asked)
        .map(|found| {
            Offence::new(&source.file, found.line, format!("`{}`: {}", found.path, capability.message))
        })
        .collect()
}

fn purity_offences(source: &Source, paths: &[Named]) -> Vec<Offence> {
    let is_pure = |within: &[&str], modules: &[&str]| {
        inside(&source.file, within).is_some_and(|inside| {
            let module = inside.split('/').next().unwrap_or(inside);
            modules.contains(&module.strip_suffix(".rs").unwrap_or(module))
        })
    };
    if !source.file.starts_with(JUDGE) && !is_pure(TOOL, PURE) && !is_pure(KERNEL, PURE_KERNEL) {
        return vec![];
    }
    let named = paths.iter().filter(|named| begins_with_any(&named.path, IO_PATHS)).cloned();
    let asked = source.plain_methods().filter(|asked| IO_METHODS.contains(&asked.path.as_str()));
    named
        .chain(asked)
        .map(|found| {
            let message = format!(
                "`{}`: this module does no input or output; take the value as an argument",
                found.path
            );
            Offence::new(&source.file, found.line, message)
        })
        .collect()
}

fn begins_with_any(path: &str, beginnings: &[&str]) -> bool {
    let begins = |beginning: &&str| {
        path.strip_prefix(*beginning).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    // A glob import brings in everything below it.
    let spreads =
        |beginning: &&str| path.strip_suffix("::*").is_some_and(|module| beginning.starts_with(module));
    beginnings.iter().any(|beginning| begins(beginning) || spreads(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(file: &str, text: &str) -> usize {
        check(&[&Source::parse(file, text)]).len()
    }

    #[test]
    fn what_only_some_may_do_is_found_elsewhere() {
        for (file, text) in [
            ("cargo-provenance/src/ops/pin.rs", "fn f() { println!(\"x\") }"),
            ("cargo-provenance/src/ops/pin.rs", "fn f() { std::io::stdout().flush() }"),
            ("cargo-provenance/src/ops/pin.rs", "use std::net::TcpStream;"),
            ("cargo-provenance/src/ops/pin.rs", "use std::process::{self, Command};"),
            ("cargo-provenance/src/ops/pin.rs", "fn f() { std::fs::write(a, b) }"),
            ("cargo-provenance/src/registry/index.rs", "fn f() { std::fs::remove_file(a) }"),
            ("cargo-provenance/src/cli/pin.rs", "fn f() { std::env::var_os(\"X\") }"),
            ("cargo-provenance/src/ops/add.rs", "fn f() { std::time::SystemTime::now() }"),
            ("provenance-build/src/locate.rs", "fn f() { std::env::var_os(\"X\") }"),
            ("provenance-build/src/enforce.rs", "fn f() { println!(\"cargo::error=x\") }"),
            ("provenance-build/src/tree.rs", "fn f() { std::fs::remove_dir_all(x) }"),
            ("provenance-build/src/enforce.rs", "use std::process::Command;"),
            ("provenance-build/src/tree.rs", "use std::net::TcpStream;"),
        ] {
            assert_eq!(count(file, text), 1, "{file}: {text}");
        }
    }

    #[test]
    fn an_import_does_not_hide_what_is_done() {
        assert_eq!(count("cargo-provenance/src/ops/pin.rs", "use std::fs;\nfn f() { fs::write(a, b) }"), 1);
        assert_eq!(count("cargo-provenance/src/ops/pin.rs", "use std::fs::write as put;"), 1);
        assert_eq!(count("cargo-provenance/src/ops/pin.rs", "use std::fs::*;"), 1);
    }

    #[test]
    fn pure_modules_touch_nothing() {
        for text in ["use std::fs;", "fn f() { std::time::Instant::now() }", "fn f(p: &Path) { p.exists() }"]
        {
            assert_eq!(count("cargo-provenance/src/render/human.rs", text), 1, "{text}");
            assert_eq!(count("cargo-provenance/judge/src/sbom/spdx.rs", text), 1, "{text}");
            assert_eq!(count("provenance-build/src/verify.rs", text), 1, "{text}");
        }
    }

    #[test]
    fn those_who_may_pass() {
        for (file, text) in [
            ("cargo-provenance/src/shell.rs", "fn f() { println!(\"x\") }"),
            ("cargo-provenance/src/cargo/run.rs", "use std::process::Command;"),
            ("cargo-provenance/src/store/mod.rs", "fn f() { std::fs::rename(a, b) }"),
            ("cargo-provenance/src/ops/pin.rs", "fn f() { std::fs::read(a) }"),
            ("cargo-provenance/src/main.rs", "use std::process::ExitCode;"),
            ("provenance-build/src/cargo_env.rs", "fn f() { std::env::var_os(\"X\") }"),
        ] {
            assert_eq!(count(file, text), 0, "{file}: {text}");
        }
    }
}

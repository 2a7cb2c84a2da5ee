//! The process: environment, rustc, and what is said on standard error.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};
use std::time::SystemTime;

use provenance_build::admit::Demand;
use provenance_build::signing::TrustedKey;
use provenance_build::toml;
use provenance_build::tree::{Layout, Unacceptable};
use provenance_build::{Moment, PackageName, Version};

use super::call::{Call, Wish};
use super::inputs::{self, Outputs, Ruling, Territory};
use super::judge::{self, Circumstances, Hashed, Package};
use super::session::Session;
use super::{IDENTITY, INNER, PROGRAM, Refusal, WORKSPACE};
use crate::render::sanitize;

/// The exit code of a refusal: that of rustc for an error in the sources.
const REFUSED: u8 = 1;

/// Runs the guard.
pub fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1).peekable();
    if arguments.peek().is_none_or(|first| first.to_string_lossy().starts_with('-')) {
        return introduce(arguments.next());
    }
    let Some(call) = Call::new(arguments) else { return introduce(None) };
    match run(&call) {
        Ok(status) => code(status),
        Err(refusal) => {
            tell(&refusal, call.wants_json());
            ExitCode::from(REFUSED)
        }
    }
}

fn run(call: &Call) -> Result<ExitStatus, Refusal> {
    let root = workspace()?;
    let package = match call.wish() {
        Wish::Version => {
            let status = rustc(call)?;
            let told = writeln!(io::stdout(), "{IDENTITY}");
            told.map_err(|error| {
                Refusal::new(format!("could not answer cargo: {error}"), "run cargo again")
            })?;
            return Ok(status);
        }
        Wish::Answer => None,
        Wish::Compile => package()?,
    };
    // Without a package it is a build script that calls rustc. It was looked at when it was compiled.
    let Some(package) = package else { return rustc(call) };
    let circumstances = Circumstances {
        root,
        cargo_home: cargo_home()?.and_then(|home| home.canonicalize().ok()),
        demand: demand()?,
        now: Moment::of(SystemTime::now()),
    };
    let territory = judge::judge(&circumstances, &package, checkout)?;
    let Some(dep_info) = call.dep_info(text)? else {
        let what = format!(
            "what `{} v{}` includes cannot be seen: rustc writes no dep-info",
            package.name, package.version
        );
        return Err(Refusal::new(what, "build with cargo, which always asks for it"));
    };
    let status = rustc(call)?;
    if status.success() {
        check_inputs(&package, &territory, &dep_info, call)?;
    }
    Ok(status)
}

// The workspace whose manifest counts.
fn workspace() -> Result<PathBuf, Refusal> {
    let Some(root) = env::var_os(WORKSPACE).filter(|root| !root.is_empty()) else {
        return Err(Refusal::new(
            format!("`{PROGRAM}` is the wrapper of rustc here, and nothing says which workspace is built"),
            format!(
                "in a workspace with the gate run `cargo provenance init --guard`, or build with `cargo provenance build`; \
                 elsewhere do not let `RUSTC_WRAPPER` or `build.rustc-wrapper` name `{PROGRAM}`"
            ),
        ));
    };
    let root = PathBuf::from(root);
    root.canonicalize().map_err(|error| {
        let what = format!("`{WORKSPACE}` names `{}`, which cannot be found: {error}", root.display());
        Refusal::new(what, "correct the entry in `.cargo/config.toml`")
    })
}

// The package that cargo compiles. It sets the name of the crate for its own calls alone, after every entry of `[env]`.
fn package() -> Result<Option<Package>, Refusal> {
    let (Some(directory), Some(_)) = (env::var_os("CARGO_MANIFEST_DIR"), env::var_os("CARGO_CRATE_NAME"))
    else {
        return Ok(None);
    };
    let directory = PathBuf::from(directory);
    let canonical = directory.canonicalize().map_err(|error| {
        Refusal::new(format!("could not find `{}`: {error}", directory.display()), "run the build again")
    })?;
    let text = |name: &str| env::var(name).unwrap_or_default();
    let (name, version) = (text("CARGO_PKG_NAME"), text("CARGO_PKG_VERSION"));
    match (PackageName::parse(&name), Version::parse(&version)) {
        (Some(name), Some(version)) => Ok(Some(Package { name, version, directory: canonical })),
        _ => {
            let what = format!(
                "`{} v{}` is no name and version that could be pinned",
                name.escape_debug(),
                version.escape_debug()
            );
            Err(Refusal::new(what, "give the package a name of ASCII letters, digits, `-` and `_`"))
        }
    }
}

// The user's own list of trusted keys wins over the policy's, as everywhere.
fn demand() -> Result<Demand, Refusal> {
    let own = cargo_home()?.map(|home| home.join("provenance").join("trusted-keys"));
    let keys = match own.filter(|own| own.symlink_metadata().is_ok()) {
        Some(own) => TrustedKey::parse_all(&toml::read(&own)?, &own)?,
        None => vec![],
    };
    Ok(Demand { keys, ..Demand::default() })
}

fn checkout(directory: &Path) -> Result<Hashed, Refusal> {
    enum Not {
        Acceptable(Unacceptable),
        Readable(Refusal),
    }
    let hash = || match judge::hash(directory, Layout::Checkout) {
        Ok(Ok(digest)) => Ok(digest),
        Ok(Err(fault)) => Err(Not::Acceptable(fault)),
        Err(refusal) => Err(Not::Readable(refusal)),
    };
    let session = cargo_home()?.and_then(|home| Session::of_parent(&home));
    match session.map_or_else(hash, |session| session.digest(directory, hash)) {
        Ok(digest) => Ok(Ok(digest)),
        Err(Not::Acceptable(fault)) => Ok(Err(fault)),
        Err(Not::Readable(refusal)) => Err(refusal),
    }
}

fn cargo_home() -> Result<Option<PathBuf>, Refusal> {
    let home = env::var_os("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    match home {
        // It counts from where cargo was started, which nobody tells.
        Some(home) if !home.is_absolute() => Err(Refusal::new(
            format!("`CARGO_HOME` is `{}`, which is no absolute path", home.display()),
            "set it to an absolute path",
        )),
        home => Ok(home),
    }
}

// Rustc, or the wrapper that is to be called in turn.
fn rustc(call: &Call) -> Result<ExitStatus, Refusal> {
    let inner = env::var_os(INNER).filter(|inner| !inner.is_empty());
    let mut command = match &inner {
        Some(inner) => {
            let mut command = Command::new(inner);
            command.arg(&call.program);
            command
        }
        None => Command::new(&call.program),
    };
    // What it calls in its turn is its own affair.
    command.args(&call.arguments).env_remove(INNER);
    command.status().map_err(|error| {
        let program = inner.as_deref().unwrap_or(&call.program);
        let help = match inner {
            Some(_) => format!("correct or unset `{INNER}`"),
            None => "look at what `rustc` is".to_owned(),
        };
        Refusal::new(format!("could not start `{}`: {error}", program.to_string_lossy()), help)
    })
}

fn check_inputs(
    package: &Package,
    territory: &Territory,
    dep_info: &Path,
    call: &Call,
) -> Result<(), Refusal> {
    let out_dir = env::var_os("OUT_DIR").and_then(|folder| PathBuf::from(folder).canonicalize().ok());
    let outputs = Outputs::new(out_dir, build_directory(dep_info));
    let mut sysroot = None;
    for input in inputs::read(&text(dep_info)?)? {
        // A file that is gone by now was made for this compilation; the folder it lay in says where it came from.
        let place = input.canonicalize().or_else(|_| folder_of(&input)).map_err(|error| {
            let what = format!("rustc read `{}`, which cannot be found: {error}", input.display());
            Refusal::new(what, "build again while nothing else changes the sources")
        })?;
        let (why, help) = match territory.rule(&place, &outputs) {
            Ruling::Fine => continue,
            Ruling::NotCovered => ("its pin does not cover that", "do not use this package"),
            Ruling::Outside => {
                let sysroot = sysroot.get_or_insert_with(|| sysroot_of(call));
                if sysroot.as_ref().is_some_and(|sysroot| place.starts_with(sysroot)) {
                    continue;
                }
                match territory {
                    Territory::Member { .. } => {
                        ("that lies outside the workspace", "move the file into the workspace")
                    }
                    Territory::Pinned { .. } => {
                        ("that lies outside its pinned sources", "look at how the package comes to read it")
                    }
                }
            }
        };
        let what = format!("`{} v{}` was compiled from more than its sources", package.name, package.version);
        return Err(Refusal::new(what, help).detail(format!("it includes `{}`: {why}", place.display())));
    }
    Ok(())
}

fn folder_of(input: &Path) -> io::Result<PathBuf> {
    let folder = input.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(folder.canonicalize()?.join(input.file_name().unwrap_or_default()))
}

// Cargo marks the directory that it builds in (`CACHEDIR.TAG`), unless that was there before. The folder of the profile, in
// which everything of this compilation lies, is known by what cargo puts there (the cargo book, "Build cache").
fn build_directory(dep_info: &Path) -> Option<PathBuf> {
    let folder = dep_info.parent()?.canonicalize().ok()?;
    // The outermost: a build directory of its own lies in the target directory.
    let marked = folder.ancestors().filter(|folder| folder.join("CACHEDIR.TAG").exists()).last();
    let is_of_profile =
        |folder: &&Path| ["build", "deps", "examples"].iter().any(|name| folder.ends_with(name));
    let profile = || folder.ancestors().find(is_of_profile).and_then(Path::parent);
    marked.or_else(profile).map(Path::to_owned)
}

fn sysroot_of(call: &Call) -> Option<PathBuf> {
    let mut command = Command::new(&call.program);
    // Clippy's driver is given rustc's path first.
    let rustc = call.arguments.first().filter(|first| !first.to_string_lossy().starts_with('-'));
    command.args(rustc.filter(|rustc| Path::new(rustc).is_absolute())).args(["--print", "sysroot"]);
    let output = command.output().ok().filter(|output| output.status.success())?;
    let path = String::from_utf8(output.stdout).ok()?;
    PathBuf::from(path.trim_end()).canonicalize().ok()
}

fn text(file: &Path) -> Result<String, Refusal> {
    let unreadable = |why: String| {
        Refusal::new(format!("could not read `{}`: {why}", file.display()), "run the build again")
    };
    let mut bytes = vec![];
    let opened = File::open(file).map_err(|error| unreadable(error.to_string()))?;
    opened.take(inputs::BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > inputs::BYTES {
        return Err(unreadable(format!("it has more than {} bytes", inputs::BYTES)));
    }
    String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8".to_owned()))
}

fn code(status: ExitStatus) -> ExitCode {
    match status.code() {
        Some(code) => ExitCode::from(u8::try_from(code & 0xff).unwrap_or(REFUSED)),
        // A signal ended it.
        None => ExitCode::from(REFUSED),
    }
}

fn introduce(first: Option<OsString>) -> ExitCode {
    let version =
        first.as_deref().is_some_and(|first| first == OsStr::new("-V") || first == OsStr::new("--version"));
    if version {
        let told = writeln!(io::stdout(), "{PROGRAM} {}", env!("CARGO_PKG_VERSION"));
        return told.map_or(ExitCode::from(REFUSED), |()| ExitCode::SUCCESS);
    }
    tell(
        &Refusal::new(
            "this is a wrapper that cargo calls before rustc",
            "run `cargo provenance init --guard`, or `cargo provenance build`; `cargo provenance help` says more",
        ),
        false,
    );
    ExitCode::from(2)
}

// Cargo shows what a wrapper writes to standard error as it is. Where it asked rustc for JSON it takes a diagnostic for an
// error of the package, and keeps the long command line to itself; editors understand nothing else.
fn tell(refusal: &Refusal, json: bool) {
    let mut text = format!("error: {}\n", refusal.what);
    for detail in &refusal.details {
        text.push_str(&format!("  {detail}\n"));
    }
    if !refusal.help.is_empty() {
        text.push_str(&format!("  help: {}\n", refusal.help));
    }
    let text = sanitize::block(&text);
    let text = if json { format!("{}\n", diagnostic(refusal, &text)) } else { text };
    // One piece, so that what several calls say does not mix. Nothing is left to do where nobody can be told.
    let _ = io::stderr().write_all(text.as_bytes());
}

// The rustc book, "JSON Output", as far as cargo and editors read it.
fn diagnostic(refusal: &Refusal, rendered: &str) -> serde_json::Value {
    serde_json::json!({
        "$message_type": "diagnostic",
        "message": sanitize::line(&refusal.what),
        "code": null,
        "level": "error",
        "spans": [],
        "children": [],
        "rendered": rendered,
    })
}

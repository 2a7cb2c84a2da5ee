//! The process: what is asked of the guard, rustc, and what is said on standard error.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};
use std::time::SystemTime;

use provenance_build::Moment;
use provenance_build::tree::{Layout, Unacceptable};

use super::call::{Call, Wish};
use super::dep_info::{check_inputs, text};
use super::environment::{cargo_home, demand, inner_wrapper, out_dir, package, workspace};
use super::judge::{self, Circumstances, Hashed};
use super::session::Session;
use super::{IDENTITY, INNER, PROGRAM, Refusal};
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
        check_inputs(&package, &territory, &dep_info, out_dir(), &|| sysroot_of(call))?;
    }
    Ok(status)
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

// Rustc, or the wrapper that is to be called in turn.
fn rustc(call: &Call) -> Result<ExitStatus, Refusal> {
    let inner = inner_wrapper();
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

fn sysroot_of(call: &Call) -> Option<PathBuf> {
    let mut command = Command::new(&call.program);
    // Clippy's driver is given rustc's path first.
    let rustc = call.arguments.first().filter(|first| !first.to_string_lossy().starts_with('-'));
    command.args(rustc.filter(|rustc| Path::new(rustc).is_absolute())).args(["--print", "sysroot"]);
    let output = command.output().ok().filter(|output| output.status.success())?;
    let path = String::from_utf8(output.stdout).ok()?;
    PathBuf::from(path.trim_end()).canonicalize().ok()
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

//! What the guard learns from its environment: whose build it is, which package cargo compiles, which keys the user trusts.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use provenance_build::admit::Demand;
use provenance_build::signing::TrustedKey;
use provenance_build::{PackageName, Version, toml};

use super::judge::Package;
use super::{INNER, PROGRAM, Refusal, WORKSPACE};

/// The workspace whose manifest counts.
pub(super) fn workspace() -> Result<PathBuf, Refusal> {
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

/// The package that cargo compiles. It sets the name of the crate for its own calls alone, after every entry of `[env]`.
pub(super) fn package() -> Result<Option<Package>, Refusal> {
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

/// The user's own list of trusted keys wins over the policy's, as everywhere.
pub(super) fn demand() -> Result<Demand, Refusal> {
    let own = cargo_home()?.map(|home| home.join("provenance").join("trusted-keys"));
    let keys = match own.filter(|own| own.symlink_metadata().is_ok()) {
        Some(own) => TrustedKey::parse_all(&toml::read(&own)?, &own)?,
        None => vec![],
    };
    Ok(Demand { keys, ..Demand::default() })
}

/// Cargo's home directory.
pub(super) fn cargo_home() -> Result<Option<PathBuf>, Refusal> {
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

/// The wrapper that the guard calls in turn.
pub(super) fn inner_wrapper() -> Option<OsString> {
    env::var_os(INNER).filter(|inner| !inner.is_empty())
}

/// The folder that the package's build script wrote into.
pub(super) fn out_dir() -> Option<PathBuf> {
    PathBuf::from(env::var_os("OUT_DIR")?).canonicalize().ok()
}

//! `keygen` and `key`: makes signing keys, shows them, and writes them for other programs.

use std::path::{Path, PathBuf};

use provenance_build::signing::PublicKey;

use super::signing;
use crate::keys::{self, KeyFile, Passphrase, Protection, SecretKey};
use crate::model::Surroundings;
use crate::report::Report;
use crate::report::failure::{Failure, Kind};
use crate::store;

/// What `keygen` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Where the key goes, absolute; the user's own place where there is none.
    pub output: Option<PathBuf>,
    /// Whether the file is encrypted.
    pub encrypted: bool,
    /// What the key is called; the user where there is nothing.
    pub comment: Option<String>,
}

/// A form that other programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The secret key as PKCS#8 of version 1, in PEM, not encrypted.
    Pkcs8,
    /// The public key as `SubjectPublicKeyInfo`, in PEM.
    Public,
}

/// Makes a key.
///
/// # Errors
///
/// A file that exists, a passphrase that is not to be had.
pub fn generate(
    surroundings: &Surroundings,
    options: &Options,
    passphrase: Passphrase<'_>,
) -> Result<Report, Failure> {
    let file = options.output.clone().unwrap_or_else(|| signing::default_key(surroundings));
    if file.symlink_metadata().is_ok() {
        return Err(Failure::new(Kind::Usage, format!("`{}` exists already", file.display()))
            .help("keep it, or name another file with `--output`: a key that is gone cannot be had again"));
    }
    let comment = options.comment.as_deref().unwrap_or(&surroundings.user);
    if comment.chars().any(char::is_control) || comment.len() > 200 {
        return Err(Failure::new(Kind::Usage, "the comment is too long, or holds control characters"));
    }
    let key = SecretKey::generate(comment)?;
    let text = match options.encrypted {
        true => key.to_text(Protection::Passphrase(&passphrase.choose(&file)?))?,
        false => key.to_text(Protection::None)?,
    };
    store::create_private(&file, text.as_bytes())?;
    let mut report = Report::new("keygen");
    report.step("Making", format!("`{}`", file.display()));
    shown(&mut report, &key.public(), comment);
    report.conclusion =
        "put this line into `keys` of `[signing]` in `Provenance.toml`, and keep a copy of the key".into();
    Ok(report)
}

/// Shows the public half of a key, as the policy wants it.
///
/// # Errors
///
/// A file that is no key.
pub fn show(surroundings: &Surroundings, key: Option<&Path>) -> Result<Report, Failure> {
    let (file, key) = read(surroundings, key)?;
    let mut report = Report::new("key show");
    report.step("Reading", format!("`{}`", file.display()));
    let name = if key.is_encrypted() { &surroundings.user } else { key.comment() };
    shown(&mut report, &key.public(), name);
    Ok(report)
}

/// Writes a key in a form that other programs read.
///
/// # Errors
///
/// A file that is no key, a passphrase that is not to be had.
pub fn export(
    surroundings: &Surroundings,
    key: Option<&Path>,
    form: Form,
    passphrase: Passphrase<'_>,
) -> Result<Report, Failure> {
    let (_, key) = read(surroundings, key)?;
    let mut report = Report::new("key export");
    report.output = match form {
        Form::Public => keys::spki(&key.public()),
        Form::Pkcs8 => keys::pkcs8(&key.open(passphrase)?),
    };
    Ok(report)
}

fn read(surroundings: &Surroundings, key: Option<&Path>) -> Result<(PathBuf, KeyFile), Failure> {
    let file = key.map_or_else(|| signing::default_key(surroundings), Path::to_owned);
    if key.is_none() && !file.exists() {
        return Err(Failure::new(Kind::Usage, format!("there is no `{}`", file.display()))
            .help("make a key with `cargo provenance keygen`, or name one with `--key`"));
    }
    let key = KeyFile::read(&file)?;
    Ok((file, key))
}

fn shown(report: &mut Report, key: &PublicKey, name: &str) {
    // A principal is one word.
    let name = name.split_whitespace().collect::<Vec<_>>().join("-").replace(['"', ',', '#'], "");
    let name = if name.is_empty() || name.starts_with("ssh-") { "somebody" } else { &name };
    report.step("Fingerprint", key.fingerprint().to_string());
    report.output = format!("{name} {key}\n");
}

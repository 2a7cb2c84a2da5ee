//! The key of an attestation, which must not have been within reach of the build.
//!
//! Build scripts and procedural macros run with the rights of whoever builds. A key that lay in a file of theirs in plain, or in the
//! workspace, could have been read by any of them, and a statement that it signs is worth no more than they are.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::{sign, signing};
use super::{Options, is_trusted};
use crate::attest::record::Record;
use crate::keys::{KeyFile, Passphrase, Signer};
use crate::model::Surroundings;
use crate::report::failure::{Failure, Kind};

const APART: &str = "sign in another job or as another user, which get the record and the artifacts alone; where that is so already, say so with `--key-was-apart`";

/// Refuses a key file that a build script could have read: one below the workspace or the target directory, and one that lay there
/// in plain while the build ran. A key with a passphrase is as far away as its passphrase. What an agent holds cannot be read.
pub(super) fn apart(
    surroundings: &Surroundings,
    options: &Options,
    record: &Record,
    places: &[&Path],
) -> Result<(), Failure> {
    let own = signing::default_key(surroundings);
    let file = options.key.as_ref().or(Some(&own).filter(|own| own.exists()));
    let Some(file) = file.filter(|file| signing::public_key(file).is_none()) else { return Ok(()) };
    let key = KeyFile::read(file)?;
    let plain = if key.is_encrypted() { options.passphrase_file.as_ref() } else { Some(file) };
    for secret in [Some(file), plain].into_iter().flatten() {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if let Some(place) = places.iter().find(|place| real(secret).starts_with(real(place))) {
            let what = format!(
                "`{}` lies below `{}`, where build scripts read and write",
                secret.display(),
                place.display()
            );
            return Err(Failure::new(Kind::Refused, what)
                .help("keep keys elsewhere, and replace this one: build scripts may have read it"));
        }
    }
    match plain {
        Some(plain) if !options.key_was_apart && lay_there(plain, record) => {
            let what = format!(
                "`{}` lay there in plain while this was built: every build script could read it",
                plain.display()
            );
            Err(Failure::new(Kind::Refused, what)
                .help(APART)
                .help("or make a key with a passphrase: `cargo provenance keygen`"))
        }
        _ => Ok(()),
    }
}

/// The key to sign with.
pub(super) fn signer(
    surroundings: &Surroundings,
    options: &Options,
    passphrase: Passphrase<'_>,
    root: Option<&Path>,
) -> Result<Signer, Failure> {
    let is_trusted = is_trusted(surroundings, root)?;
    sign::signer(surroundings, options.key.as_ref(), passphrase, is_trusted)
}

/// Whether a file was there before a build ended. On Unix the time of its last change of any kind tells, which nobody sets.
fn lay_there(file: &PathBuf, record: &Record) -> bool {
    let Ok(metadata) = fs::metadata(file) else { return true };
    #[cfg(unix)]
    let since = u64::try_from(std::os::unix::fs::MetadataExt::ctime(&metadata)).unwrap_or(0);
    #[cfg(not(unix))]
    let since = {
        let created =
            metadata.created().ok().and_then(|created| created.duration_since(std::time::UNIX_EPOCH).ok());
        created.map_or(0, |created| created.as_secs())
    };
    since <= record.finished.0
}

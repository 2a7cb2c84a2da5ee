//! `sign`: adds the signature of a key to those of the manifest.

use std::path::PathBuf;

use provenance_build::manifest::{self, SIGNATURES};
use provenance_build::{Manifest, Moment, toml};

use super::interruption::settled;
use super::signing::{self, Wanted};
use crate::collect::gate;
use crate::finding::{Finding, Weight};
use crate::keys::{Agent, KeyFile, Passphrase, Signer};
use crate::model::Surroundings;
use crate::report::failure::{Failure, Kind};
use crate::report::{Report, plural};
use crate::store::Transaction;

/// What `sign` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The key file, or the public key of one that an agent holds; absolute.
    pub key: Option<PathBuf>,
    /// The last day (`YYYY-MM-DD`) on which the manifest is good.
    pub expires: Option<String>,
}

/// Runs the use case.
///
/// # Errors
///
/// A manifest that cannot be read or does not fit its policy, a key that is not to be had.
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    passphrase: Passphrase<'_>,
) -> Result<Report, Failure> {
    let root = gate::root(surroundings)?;
    settled(Report::new("sign"), &root, surroundings, |report, _| {
        sign(report, surroundings, options, passphrase, &root)
    })
}

fn sign(
    report: &mut Report,
    surroundings: &Surroundings,
    options: &Options,
    passphrase: Passphrase<'_>,
    root: &std::path::Path,
) -> Result<(), Failure> {
    let policy = gate::read_policy(root)?;
    let file = root.join(manifest::FILE_NAME);
    let old = toml::read(&file)?;
    let mut manifest = Manifest::parse(old.as_bytes(), &file)?;
    if manifest.policy != policy.digest() {
        let what =
            format!("`{}` was written under another policy: nobody could verify it", manifest::FILE_NAME);
        return Err(Failure::new(Kind::Usage, what)
            .help("run `cargo provenance pin` first, and review what it writes"));
    }
    let now = Moment(surroundings.clock.0);
    if options.expires.is_some() {
        manifest.expires.clone_from(&options.expires);
    }
    if manifest.is_expired(now) {
        let day = manifest.expires.unwrap_or_default();
        return Err(Failure::new(
            Kind::Usage,
            format!("the manifest would be good until {day}, which is over"),
        )
        .help("name a day to come with `--expires YYYY-MM-DD`"));
    }
    let trust = signing::demand(surroundings, &Wanted::default())?.on(policy.signing().clone());
    let mut signer =
        signer(surroundings, options.key.as_ref(), passphrase, |key| signing::is_trusted(&trust, key))?;
    let new = manifest.to_text();
    let block = signer.sign(new.as_bytes())?;
    let public = signer.public();
    let signatures = signing::signatures(root)?;
    let joined = signing::joined(signatures.as_deref().unwrap_or_default(), &block, &public, new.as_bytes())?;

    let mut transaction = Transaction::new(root);
    transaction.replace(&file, Some(old.into_bytes()), new.clone().into_bytes());
    let path = root.join(SIGNATURES);
    transaction.replace(&path, signatures.map(String::into_bytes), joined.clone().into_bytes());
    transaction.commit()?;

    report.step("Signing", format!("`{}` with {}", manifest::FILE_NAME, public.fingerprint()));
    let counting = provenance_build::signing::sort(new.as_bytes(), &joined, &trust, now)?.signers;
    if !counting.iter().any(|trusted| trusted.key == public) {
        let message = format!("{} is not a key that counts here", public.fingerprint());
        let help = format!(
            "to trust it, put `\"NAME {public}\"` into `keys` of `[signing]` in `Provenance.toml`, then pin and sign again"
        );
        report.findings.push(Finding::new("key-not-trusted", Weight::Note, message).help(help));
    }
    report.count("signatures", counting.len());
    let missing = trust.threshold.saturating_sub(counting.len());
    report.conclusion = match (missing, manifest.expires) {
        (0, Some(day)) => format!("signed by {}; good until {day}", plural(counting.len(), "trusted key")),
        (0, None) => format!("signed by {}", plural(counting.len(), "trusted key")),
        _ => format!("signed; it takes {} of trusted keys", plural(missing, "more signature")),
    };
    Ok(())
}

/// The key to sign with: the one that is named, the user's own, or the one that an agent holds.
pub(super) fn signer(
    surroundings: &Surroundings,
    key: Option<&PathBuf>,
    passphrase: Passphrase<'_>,
    is_trusted: impl Fn(&provenance_build::signing::PublicKey) -> bool,
) -> Result<Signer, Failure> {
    let own = signing::default_key(surroundings);
    let file = key.or(Some(&own).filter(|own| own.exists()));
    let named = file.and_then(|file| signing::public_key(file));
    if let (Some(file), None) = (file, named) {
        return Ok(Signer::File(KeyFile::read(file)?.open(passphrase)?));
    }
    let Some(socket) = &surroundings.agent else {
        if let (Some(file), Some(_)) = (file, named) {
            let what =
                format!("`{}` is a public key, and there is no ssh-agent to sign with it", file.display());
            return Err(
                Failure::new(Kind::Usage, what).help("name the secret key's file, or start an ssh-agent")
            );
        }
        return Err(Failure::new(Kind::Usage, "there is no key to sign with")
            .help("make one with `cargo provenance keygen`, name one with `--key`, or start an ssh-agent"));
    };
    let mut agent = Agent::connect(socket)?;
    let keys = agent.keys()?;
    let wanted = keys.iter().filter(|(key, _)| named.map_or_else(|| is_trusted(key), |named| named == *key));
    let wanted = wanted.map(|(key, _)| *key).collect::<Vec<_>>();
    match (wanted[..].split_first(), named) {
        (Some((key, [])), _) => Ok(Signer::Agent(agent, *key)),
        (Some(_), _) => Err(Failure::new(Kind::Usage, "the ssh-agent holds several trusted keys")
            .help("name the public key of one with `--key FILE.pub`")),
        (None, Some(_)) => Err(Failure::new(Kind::Usage, "the ssh-agent does not hold that key")
            .help("add it with `ssh-add`, or name the secret key's file")),
        (None, None) => Err(Failure::new(Kind::Usage, "the ssh-agent holds no key that is trusted here")
            .help("name a key with `--key`, or make one with `cargo provenance keygen`")),
    }
}

//! Keeps in the pins that packages are what their repositories have.

use provenance_build::{Manifest, PackageId, TreeDigest, manifest, toml};

use super::super::interruption::settled;
use super::super::signing::{self, Replacing, Resigned};
use super::{Failure, Place, Report, Surroundings, plural};
use crate::store::Transaction;

/// A package that is what its repository has.
pub(super) struct Match {
    pub(super) id: PackageId,
    /// The digest of what was compared.
    pub(super) tree: TreeDigest,
    /// `URL#COMMIT`.
    pub(super) matching: String,
}

/// Writes the matches into the pins of exactly these bytes.
pub(super) fn keep(
    surroundings: &Surroundings,
    place: &Place,
    matches: &[Match],
    report: Report,
) -> Result<Report, Failure> {
    let root = &place.root;
    if place.manifest.is_none() || matches.is_empty() {
        let mut report = report;
        report.not_checked.push(match place.manifest {
            None => "nothing was kept: there is no pin here".to_owned(),
            Some(_) => "nothing was kept: no package is known to be what its repository has".to_owned(),
        });
        return Ok(report);
    }
    settled(report, root, surroundings, |report, _| -> Result<(), Failure> {
        let file = root.join(manifest::FILE_NAME);
        // Read again under the lock: somebody may have pinned since.
        let old_text = toml::read(&file)?;
        let old = Manifest::parse(old_text.as_bytes(), &file)?;
        let mut new = old.clone();
        let mut written = 0;
        for Match { id, tree, matching } in matches {
            match new.packages.iter_mut().find(|pin| pin.id() == *id && pin.tree == *tree) {
                Some(pin) => {
                    pin.repository = Some(matching.clone());
                    report.step("Keeping", format!("{}: it is what {matching} has", id.short()));
                    written += 1;
                }
                None => report.not_checked.push(format!("kept nothing of {}: it is not pinned", id.short())),
            }
        }
        let text = new.to_text();
        report.count("kept", written);
        if text == old_text {
            return Ok(());
        }
        let replacing = Replacing {
            root,
            policy: &place.policy,
            old: old_text.as_bytes(),
            old_policy: Some(old.policy),
            new: text.as_bytes(),
            unseen: None,
        };
        let resigned = signing::resign(surroundings, &replacing, report);
        let mut transaction = Transaction::new(root);
        if let Some(Resigned { path, old, new }) = resigned {
            transaction.replace(&path, old, new);
        }
        transaction.replace(&file, Some(old_text.into_bytes()), text.into_bytes());
        transaction.commit()?;
        report.conclusion += &format!("; {} written", plural(written, "pin"));
        Ok(())
    })
}

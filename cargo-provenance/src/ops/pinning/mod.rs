//! What `init` and `pin` share: from the workspace, the policy and what is proven to a new manifest.

mod draft;
mod error;
mod members;

use provenance_build::manifest::{Pin, VERSION};
use provenance_build::{Manifest, PackageName};

use super::pin::Own;
use super::vetting::{Examined, Vetted};
use crate::collect::entrants;
use crate::collect::publishers::is_vendored;
use crate::collect::situation::Situation;
use crate::model::Date;
use crate::policy::Policy;

pub use draft::Draft;
pub(super) use draft::{pin, renew};
pub use error::Error;
pub(super) use members::{ask_about, well_known};

/// What a report says where there is nothing to read.
pub(super) const NOT_REVIEWED: &str = "audits: neither the policy nor `supply-chain/` names any";

/// How much the checks weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rigor {
    /// What is there already is let in and told of: `init`.
    Baseline,
    /// What the policy does not let in is refused: `pin`.
    Policy,
    /// The same, and what is pinned already is judged again: `pin --recheck`.
    Recheck,
}

/// Which packages of the lockfile keep their pins, and which must be proven.
#[derive(Debug, Default)]
pub struct Split<'m> {
    /// Packages whose pins stay as they are.
    pub kept: Vec<(usize, &'m Pin)>,
    /// Packages to prove, by their index in the lockfile.
    pub entering: Vec<usize>,
    /// First-party packages outside the workspace: index, directory relative to the root, and why they are the team's own.
    pub own: Vec<(usize, String, String)>,
}

/// Tells kept packages from entering ones. `old` is the manifest as it was.
pub fn split<'m>(
    situation: &Situation,
    policy: &Policy,
    old: Option<&'m Manifest>,
    declared: &[Own],
) -> Result<Split<'m>, Error> {
    situation.check_members()?;
    let mut split = Split::default();
    for (index, package) in situation.lockfile.packages.iter().enumerate() {
        let pin = old.and_then(|old| old.pin_for(&package.id));
        let Some(source) = &package.id.source else {
            if situation.member(package).is_some() {
                continue;
            }
            let path =
                situation.place(package).ok_or_else(|| entrants::Error::Unplaced(package.id.to_string()))?;
            match own_reason(&package.id.name, &path, policy, old, declared) {
                Some(reason) => split.own.push((index, path, reason)),
                None => split.entering.push(index),
            }
            continue;
        };
        let vendored = source.is_git() && is_vendored(&situation.configuration, source)?;
        match pin {
            Some(pin) if pin.checksum == package.checksum && (!vendored || pin.vendor_tree.is_some()) => {
                split.kept.push((index, pin));
            }
            _ => split.entering.push(index),
        }
    }
    Ok(split)
}

/// Why a path package outside the workspace is the team's own, if it is.
pub(super) fn own_reason(
    name: &PackageName,
    path: &str,
    policy: &Policy,
    old: Option<&Manifest>,
    declared: &[Own],
) -> Option<String> {
    if let Some(own) = declared.iter().find(|own| own.name == *name) {
        return Some(own.reason.clone());
    }
    if policy.own().iter().any(|at| at.value.matches(path)) {
        return Some("listed in the policy".to_owned());
    }
    let listed = old?.members.iter().find(|member| member.name == *name && member.path == path)?;
    // What only the policy's list made the team's own is not once that list has changed.
    listed.own.clone().filter(|reason| reason != "listed in the policy")
}

/// Everything that a draft is made of.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// The workspace.
    pub situation: &'a Situation,
    /// What the team trusts.
    pub policy: &'a Policy,
    /// The manifest as it was.
    pub old: Option<&'a Manifest>,
    /// Which packages keep their pins.
    pub split: &'a Split<'a>,
    /// What came of examining the others, in the order of [`Split::entering`].
    pub examined: &'a [Examined],
    /// What people said to that, in the same order.
    pub vetted: &'a [Vetted],
    /// The date of the newest advisory that is known.
    pub advisories: Option<Date>,
    /// `--own`.
    pub declared: &'a [Own],
    /// How much the checks weigh.
    pub rigor: Rigor,
}

/// Writes the draft of a manifest.
pub fn draft(material: Material<'_>) -> Result<Draft, Error> {
    let Material { situation, policy, old, split, .. } = material;
    let settings = situation.configuration.recorded.values();
    let manifest = Manifest {
        version: old.map_or(VERSION, |old| old.version),
        policy: policy.digest(),
        expires: old.and_then(|old| old.expires.clone()),
        cargo_config: settings.map(|setting| (setting.key.clone(), setting.value.clone())).collect(),
        members: vec![],
        packages: split.kept.iter().map(|(_, pin)| (*pin).clone()).collect(),
    };
    let mut draft = Draft {
        manifest,
        added: vec![],
        removed: vec![],
        joined: vec![],
        kept: split.kept.len(),
        findings: vec![],
        open: vec![],
        waived: vec![],
    };
    for ((&index, examined), vetted) in split.entering.iter().zip(material.examined).zip(material.vetted) {
        draft.enter(&situation.lockfile.packages[index], examined, vetted, &material);
    }
    draft.members(&material)?;
    draft.settings(old, situation);
    draft.gone(old);
    draft.findings.sort_by_key(|finding| finding.weight);
    Ok(draft)
}

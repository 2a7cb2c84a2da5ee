//! Lets cargo resolve within limits, in the shadow of a workspace.

use std::path::{Path, PathBuf};

use provenance_build::{Lockfile, PackageId};

use super::super::entering::Naming;
use super::{Limits, line};
use crate::cargo::{self, CargoCommand, Shadow};
use crate::model::Network;
use crate::report::failure::{Explain, Kind};
use crate::report::progress::Progress;

/// A workspace in whose shadow cargo resolves.
pub(in crate::ops) trait Resolver {
    /// Why cargo came to nothing.
    type Error;

    /// How the user named a package that shall come in.
    fn naming(&self, name: &str) -> Naming;

    /// Lets cargo resolve within limits, after it has edited once more if that is to be done `anew`. Returns what it said of
    /// that. Where no versions fit, everything stays as it is.
    fn limit(&self, limits: &Limits, anew: bool) -> Result<Option<Vec<String>>, Self::Error>;

    /// Whether a package is still locked.
    fn is_locked(&self, id: &PackageId) -> Result<bool, Self::Error>;
}

/// A shadow workspace, and who works in it.
pub(in crate::ops) struct Place<'a> {
    pub(in crate::ops) shadow: &'a Shadow,
    pub(in crate::ops) cargo: &'a CargoCommand,
    /// The workspace's manifest in the shadow.
    pub(in crate::ops) manifest: PathBuf,
    /// The real lockfile.
    pub(in crate::ops) lockfile: &'a Path,
    /// The real manifest of a member.
    pub(in crate::ops) member: Option<&'a Path>,
    pub(in crate::ops) progress: &'a dyn Progress,
}

impl Place<'_> {
    /// Lets cargo `resolve` within limits.
    pub(in crate::ops) fn resolve<E: From<cargo::Error> + From<provenance_build::Error>>(
        &self,
        limits: &Limits,
        resolve: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let Self { shadow, cargo, manifest, progress, .. } = self;
        let bounds = limits.bounds.values().cloned().collect::<Vec<_>>();
        let resolve = || {
            resolve()?;
            self.stay(limits)
        };
        match self.member.filter(|_| !bounds.is_empty()) {
            Some(member) => {
                shadow.within(&bounds, member, resolve)?;
                // Everything is locked, so that there is nothing to choose: what nothing but the bounds asked for goes.
                let offline = cargo.offline().settle_lockfile(manifest, *progress);
                offline.or_else(|_| cargo.settle_lockfile(manifest, *progress))?;
                Ok(())
            }
            None => resolve(),
        }
    }

    /// Puts yanked versions back that shall stay.
    fn stay<E: From<cargo::Error> + From<provenance_build::Error>>(&self, limits: &Limits) -> Result<(), E> {
        for (at, id) in &limits.yanked {
            let locked = self.locked::<E>()?.packages;
            let mut others = locked.iter().filter(|it| it.id != *id && line(&it.id).as_ref() == Some(at));
            if let Some(other) = others.next() {
                let spec = format!("{}@{}", other.id.name, other.id.version);
                self.cargo.hold(&self.manifest, &spec, id.version.as_str(), self.progress)?;
            }
        }
        Ok(())
    }

    /// What is locked in the shadow now.
    pub(in crate::ops) fn locked<E: From<cargo::Error> + From<provenance_build::Error>>(
        &self,
    ) -> Result<Lockfile, E> {
        let text = self.shadow.read(self.lockfile)?.unwrap_or_default();
        Ok(Lockfile::parse(&text, self.lockfile)?)
    }
}

/// Whether cargo failed because no versions fit. Offline, it cannot tell what it does not know from what there is not.
pub(in crate::ops) fn is_without_solution(error: &cargo::Error, network: Network) -> bool {
    let failed = matches!(error, cargo::Error::Failed { .. });
    failed && (network == Network::Forbidden || error.kind() != Kind::Undecided)
}

//! What is required of a package by reviews, why, and who vouches for it.

use std::path::Path;

use provenance_build::{Lockfile, PackageId};

use crate::cargo::{CargoCommand, Workspace};
use crate::collect::audits;
use crate::model::{Evidence, Surroundings};
use crate::ops::vetting;
use crate::policy::{Policy, Required};
use crate::vet::reviews::Standing;
use crate::vet::{Demands, Dossier, Reviews, Way};

/// What is known of reviews, and of what is required of the packages of a lockfile.
pub(super) struct Shelf {
    reviews: Evidence<Reviews>,
    demands: Evidence<Demands>,
}

impl Shelf {
    pub(super) fn open(
        surroundings: &Surroundings,
        root: &Path,
        policy: &Policy,
        lockfile: &Lockfile,
    ) -> Self {
        let (reviews, _) = audits::read(policy, root, surroundings.clock);
        let demands = match reviews.known() {
            Some(reviews) if reviews.goes_by_the_tree() => {
                let cargo = CargoCommand::new(surroundings);
                match Workspace::load(&cargo, surroundings.manifest_path.as_deref()) {
                    Ok(workspace) => vetting::demands(reviews, lockfile, &workspace.members),
                    Err(error) => Evidence::Unavailable(error.to_string()),
                }
            }
            _ => Evidence::Absent,
        };
        Self { reviews, demands }
    }

    /// What there is to say of a package, a line each.
    pub(super) fn about(&self, id: &PackageId) -> Vec<String> {
        let Some(reviews) = self.reviews.known() else {
            return self.reviews.unavailable().map(|why| format!("not known: {why}")).into_iter().collect();
        };
        if let Some(why) = self.demands.unavailable() {
            return vec![format!("what is required is not known: {why}")];
        }
        let demand = self.demands.known().map(|demands| demands.of(id));
        let of_all = reviews.strictest();
        let demand = demand.unwrap_or(&of_all);
        let mut lines = demand.why.clone();
        let dossier = Dossier { demand: Evidence::Known(demand), ..Dossier::new(id, Way::Kept) };
        match reviews.of(&dossier).standing {
            Standing::NotAsked(_) => {}
            Standing::Proven(proof) => {
                let verb = if proof.from.len() == 1 { "vouches" } else { "vouch" };
                lines.push(format!("{} {verb} for `{}`", proof.from.join(", "), proof.criteria));
            }
            Standing::Open(missing) => {
                let asked = match reviews.required().value {
                    Required::None => " (and the policy does not ask for it)",
                    Required::All | Required::New => "",
                };
                lines.extend(missing.why.into_iter().map(|why| format!("{why}{asked}")));
            }
        }
        lines
    }
}

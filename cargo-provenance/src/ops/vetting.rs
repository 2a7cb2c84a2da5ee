//! Vets packages: from what is known of them to findings, and to what people accepted.
//!
//! In two steps, because the second one needs their archives: what the index says is judged before anything is fetched.

use std::collections::BTreeSet;

use provenance_build::manifest::Acceptance;

use crate::collect::records::{Contents, Record};
use crate::finding::{Finding, Weight};
use crate::model::{Clock, Date, Evidence};
use crate::policy::{Known, Policy};
use crate::registry::Refusal;
use crate::registry::proof;
use crate::vet::waiver::{self, Accept, Exceptions, Waived};
use crate::vet::{Dossier, Fault, Ground, Judgment, Needs, catalogue, judge};

/// Judges packages against a policy.
pub struct Vetting<'a> {
    policy: &'a Policy,
    index_of: &'a (dyn Fn(&str) -> Option<String> + Sync),
    now: Clock,
}

/// What was said of a package, and what people said to that.
#[derive(Clone, Debug, Default)]
pub struct Vetted {
    /// What stands.
    pub judgment: Judgment,
    /// What was waived.
    pub waived: Vec<Waived>,
    /// What a person accepts now, to be written into the pin.
    pub accepted: Vec<Acceptance>,
}

/// Why an `--accept` is no use.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// It names findings of several packages.
    #[error("`--accept {words}` fits several packages: {}", packages.join(", "))]
    Ambiguous {
        /// The flag's value without the reason.
        words: String,
        /// The packages.
        packages: Vec<String>,
    },
}

/// The checks that a policy may name.
pub fn known_checks() -> &'static [Known] {
    catalogue()
}

impl<'a> Vetting<'a> {
    /// Judges against `policy`. `index_of` gives the index URL of a registry's name in the repository's configuration.
    pub fn new(policy: &'a Policy, index_of: &'a (dyn Fn(&str) -> Option<String> + Sync), now: Clock) -> Self {
        Self { policy, index_of, now }
    }

    fn ground(&self, record: &Record) -> Ground<'_> {
        let judged_by = record.circumstances.judged_by;
        Ground { policy: self.policy, index_of: self.index_of, now: self.now, judged_by }
    }

    /// The day of the run.
    pub fn today(&self) -> Date {
        Date::of_seconds(self.now.0)
    }

    /// The exceptions of the policy.
    pub fn exceptions(&self) -> Exceptions<'a> {
        Exceptions::of(self.policy, self.today())
    }

    /// What can be said before anything is fetched.
    pub fn before_fetching(&self, record: &Record) -> Judgment {
        judge(&record.dossier(), &self.ground(record), Needs::BEFORE_FETCHING)
    }

    /// What can be said once the contents are at hand.
    pub fn of_contents(&self, record: &Record, contents: Contents<'_>) -> Judgment {
        let dossier = Dossier {
            archive: contents.archive.map_or(Evidence::Absent, Evidence::Known),
            license: Evidence::Known(contents.license),
            ..record.dossier()
        };
        judge(&dossier, &self.ground(record), Needs::OF_CONTENTS)
    }

    /// What proving and reading came upon.
    pub fn of_faults(&self, record: &Record, faults: &[Fault]) -> Judgment {
        judge(&Dossier { faults, ..record.dossier() }, &self.ground(record), &[Needs::Faults])
    }

    /// What refused the proof, as a judgment.
    pub fn of_refusals(&self, record: &Record, refusals: &[Refusal]) -> Judgment {
        let (undecided, refused): (Vec<_>, Vec<_>) =
            refusals.iter().partition(|refusal| refusal.verdict == proof::Verdict::Undecided);
        let faults = refused.into_iter().map(|refusal| Fault {
            check: refusal.check,
            what: refusal.what.clone(),
            help: Some(refusal.help.clone()),
            remark: false,
        });
        let faults = faults.collect::<Vec<_>>();
        let mut judgment = self.of_faults(record, &faults);
        let denial = |check, what: &str, help: &str| {
            let message = format!("`{}`: {what}", record.id.short());
            Finding::new(check, Weight::Denial, message).about(record.id.clone()).help(help)
        };
        // What no check of the table is about refuses all the same.
        for fault in &faults {
            if judgment.findings.iter().all(|finding| finding.id != fault.check) {
                let help = fault.help.as_deref().unwrap_or_default();
                judgment.findings.push(denial(fault.check, &fault.what, help));
            }
        }
        for refusal in undecided {
            judgment.undecided = true;
            judgment.findings.push(denial(refusal.check, &refusal.what, &refusal.help));
        }
        judgment
    }

    /// Takes out what people accepted: in the pins before, now, and in the policy.
    pub fn settle(
        &self,
        mut judgment: Judgment,
        pinned: Option<&provenance_build::manifest::Pin>,
        exceptions: &mut Exceptions<'_>,
    ) -> Vetted {
        let (accepted, baseline) = pinned.map(|pin| (&*pin.accepted, &*pin.baseline)).unwrap_or_default();
        let waived = waiver::waive(&mut judgment, accepted, baseline, exceptions);
        Vetted { judgment, waived, accepted: vec![] }
    }

    /// Lets a person accept what is only up for review. Tells which of the flags were of no use.
    pub fn accept<'f>(
        &self,
        vetted: &mut [Vetted],
        accepts: &'f [Accept],
        by: &str,
    ) -> Result<Vec<&'f Accept>, AcceptError> {
        let mut unused = vec![];
        for accept in accepts {
            let fits = |vetted: &Vetted| vetted.judgment.findings.iter().any(|finding| accept.names(finding));
            let packages = vetted.iter().filter(|vetted| fits(vetted));
            let packages = packages
                .flat_map(|vetted| vetted.judgment.findings.iter().find(|finding| accept.names(finding)))
                .filter_map(|finding| finding.package.as_ref().map(|id| id.short()))
                .collect::<BTreeSet<_>>();
            if packages.len() > 1 {
                let packages = packages.into_iter().collect();
                return Err(AcceptError::Ambiguous { words: accept.words(), packages });
            }
            let Some(vetted) = vetted.iter_mut().find(|vetted| fits(vetted)) else {
                unused.push(accept);
                continue;
            };
            let findings = std::mem::take(&mut vetted.judgment.findings);
            for finding in findings {
                if !accept.names(&finding) {
                    vetted.judgment.findings.push(finding);
                    continue;
                }
                let acceptance = Acceptance {
                    check: finding.id.to_owned(),
                    id: finding.subject.clone(),
                    by: by.to_owned(),
                    on: self.today().to_string(),
                    reason: accept.reason.clone(),
                };
                vetted.accepted.push(acceptance.clone());
                vetted.waived.push(Waived { finding, by: waiver::Waiver::Accepted(acceptance) });
            }
        }
        Ok(unused)
    }
}


//! What people say to findings: in the pins before, in the policy, and now.

use std::collections::BTreeSet;

use provenance_build::manifest::{Acceptance, Pin};

use super::Vetting;
use crate::finding::{Finding, Weight};
use crate::git;
use crate::helper::HELPER_NAME;
use crate::model::Surroundings;
use crate::report::failure::{Explain, Kind};
use crate::vet::waiver::{self, Accept, Exceptions, Waived, Waiver};
use crate::vet::{Group, Judgment, checks};

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

impl Explain for AcceptError {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn help(&self) -> Vec<String> {
        let Self::Ambiguous { words, packages } = self;
        let check = words.rsplit(':').next().unwrap_or_default();
        let one = packages.first().map(|package| package.replacen(" v", "@", 1)).unwrap_or_default();
        vec![format!("name the package, and accept each on its own: `--accept '{one}:{check}=REASON'`")]
    }
}

/// A finding about an `--accept` that nothing needed.
pub fn unused(accept: &Accept) -> Finding {
    let message = format!("nothing needs `--accept {}`", accept.words());
    Finding::new("accept-unused", Weight::Note, message)
        .note("only a finding that is up for review can be accepted; `deny` is for the policy to change")
}

impl Vetting<'_> {
    /// Takes out what people accepted: in the pins before, now, and in the policy.
    pub fn settle(
        &self,
        mut judgment: Judgment,
        pinned: Option<&Pin>,
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
        surroundings: &Surroundings,
    ) -> Result<Vec<&'f Accept>, AcceptError> {
        let mut unused = vec![];
        if accepts.is_empty() {
            return Ok(unused);
        }
        // What is set in the environment for this command goes before what is configured.
        let by = match surroundings.user.contains('@') {
            true => surroundings.user.clone(),
            false => git::email(&surroundings.directory).unwrap_or_else(|| surroundings.user.clone()),
        };
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
            let acceptance = |finding: &Finding| Acceptance {
                check: finding.id.to_owned(),
                id: finding.subject.clone(),
                by: by.clone(),
                on: self.today().to_string(),
                reason: accept.reason.clone(),
            };
            let Some(place) = vetted.iter().position(fits) else {
                // What was accepted before may be accepted again: it may be needed for more by now.
                let waived = vetted.iter_mut().flat_map(|vetted| &mut vetted.waived);
                let mut again = waived
                    .filter(|it| matches!(it.by, Waiver::Accepted(_)) && accept.names(&it.finding))
                    .filter(|_| accept.package.is_some())
                    .peekable();
                unused.extend(again.peek().is_none().then_some(accept));
                again.for_each(|it| it.by = Waiver::Accepted(acceptance(&it.finding)));
                continue;
            };
            let vetted = &mut vetted[place];
            let findings = std::mem::take(&mut vetted.judgment.findings);
            for finding in findings {
                if !accept.names(&finding) {
                    vetted.judgment.findings.push(finding);
                    continue;
                }
                let acceptance = acceptance(&finding);
                vetted.accepted.push(acceptance.clone());
                vetted.waived.push(Waived { finding, by: Waiver::Accepted(acceptance) });
            }
        }
        Ok(unused)
    }

    /// Lets in what is there already: it is kept in the pins as baseline. Vulnerabilities and sources become exceptions, which
    /// end; what nobody may wave through stays.
    pub fn baseline(&self, vetted: &mut Vetted) -> Vec<Finding> {
        self.accept_helper(vetted);
        let mut exceptions = vec![];
        let mut standing = vec![];
        for mut finding in std::mem::take(&mut vetted.judgment.findings) {
            let check = checks::check(finding.id);
            finding.verbose |=
                finding.weight == Weight::Note && check.is_some_and(|check| check.is_of_circumstances());
            if finding.weight == Weight::Note || !waiver::may_be_waived(&finding) {
                standing.push(finding);
            } else if waiver::must_end(&finding) {
                exceptions.push(finding);
            } else {
                vetted.waived.push(Waived { finding, by: Waiver::Baseline });
            }
        }
        vetted.judgment.findings = standing;
        exceptions
    }

    /// Accepts what is only up for review of the build helper: who runs this tool trusts it.
    fn accept_helper(&self, vetted: &mut Vetted) {
        let findings = std::mem::take(&mut vetted.judgment.findings);
        let may_be_accepted = |finding: &Finding| {
            finding.weight == Weight::Review
                && is_helper(finding)
                && waiver::may_be_waived(finding)
                && !waiver::must_end(finding)
        };
        let (accepted, standing) = findings.into_iter().partition::<Vec<_>, _>(may_be_accepted);
        vetted.judgment.findings = standing;
        vetted.waived.extend(accepted.into_iter().map(|finding| {
            let acceptance = Acceptance {
                check: finding.id.to_owned(),
                id: finding.subject.clone(),
                by: "cargo-provenance".to_owned(),
                on: self.today().to_string(),
                reason: "the build helper of this tool".to_owned(),
            };
            Waived { finding, by: Waiver::Accepted(acceptance) }
        }));
    }

    /// Lets in what the build helper brings: what a policy that was written without it says of licenses is kept as baseline, as a
    /// fresh `init` would have listed them.
    pub fn let_helper_in(&self, vetted: &mut Vetted) {
        self.accept_helper(vetted);
        let is_license = |finding: &Finding| {
            let check = checks::check(finding.id);
            check.is_some_and(|check| check.group == Group::License)
                && finding.weight != Weight::Note
                && waiver::may_be_waived(finding)
        };
        let (waived, standing) =
            std::mem::take(&mut vetted.judgment.findings).into_iter().partition(is_license);
        vetted.judgment.findings = standing;
        let waived: Vec<_> = waived;
        vetted.waived.extend(waived.into_iter().map(|finding| Waived { finding, by: Waiver::Baseline }));
    }
}

fn is_helper(finding: &Finding) -> bool {
    finding.package.as_ref().is_some_and(|id| {
        id.name.as_str() == HELPER_NAME
            && id.source.as_ref().is_some_and(provenance_build::Source::is_crates_io)
    })
}

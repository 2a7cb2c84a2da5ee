//! The verdict about one artifact, step by step in the order of SLSA 1.2, "Verifying artifacts" and "Verifying VSAs".
//!
//! It only ever counts what speaks for the artifact: for each statement that is required, the distinct keys whose statements go
//! all the way. More evidence can therefore only add keys, and less can only take some away.

use std::collections::BTreeMap;

use provenance_build::Moment;
use provenance_build::signing::{Fingerprint, PublicKey};
use serde_json::Value;

use super::evidence::{Claim, Spot};
use super::expected::{Surprise, surprises};
use super::policy::{Artifact, DeployPolicy, Grant, Required};
use super::summary::{SUMMARY, Summary};
use crate::attest::cargo_build::BUILD_TYPE;
use crate::attest::digests::DigestSet;
use crate::attest::provenance::{BuildDefinition, PROVENANCE, Provenance};
use crate::model::Timestamp;
use crate::policy::glob::wildcard;
use crate::policy::reader::quoted;
use crate::report::plural;

/// How far a statement may be ahead of this machine's clock.
const SKEW: u64 = 300;

/// Predicate types of SBOMs (in-toto attestation framework, "Predicates"); each may end with a version.
const SBOMS: [&str; 2] = ["https://cyclonedx.org/bom", "https://spdx.dev/Document"];

/// What came of one artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgment {
    /// What is required and there.
    pub met: Vec<Met>,
    /// What is required and not there.
    pub missing: Vec<Missing>,
    /// Summaries of trusted verifiers that say that this artifact failed. They are worth a word, and decide nothing: whoever
    /// carries the bundle could leave them out.
    pub failed: Vec<Spot>,
}

/// Something that is required, and there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// What.
    pub required: Required,
    /// The level of the build track that enough keys vouch for.
    pub level: Option<u8>,
    /// Who vouches for it: the builders or verifiers, where it has one.
    pub by: Vec<String>,
    /// The distinct keys.
    pub keys: Vec<PublicKey>,
    /// The statements, by their place among the claims.
    pub claims: Vec<usize>,
}

/// Something that is required, and not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What.
    pub required: Required,
    /// The step that the best of the statements did not pass.
    pub step: Step,
    /// Why: a lowercase fragment.
    pub what: String,
    /// What to do.
    pub help: String,
    /// The line of the policy that decided.
    pub line: u32,
    /// The statement that came furthest.
    pub spot: Option<Spot>,
}

/// The steps, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A key of the policy signed it.
    Signature,
    /// It is about this artifact.
    Subject,
    /// It is what is required.
    Kind,
    /// The key may vouch for the builder or the verifier that it names.
    Grant,
    /// The level is high enough.
    Level,
    /// It says what is expected.
    Content,
    /// It is neither too old nor from the future.
    Age,
    /// Enough keys signed it.
    Threshold,
}

/// Why a statement does not count.
struct Refusal {
    step: Step,
    what: String,
    help: String,
    line: u32,
}

/// Who vouches for something, how far.
struct Voucher {
    key: PublicKey,
    level: Option<u8>,
    by: Option<String>,
}

/// Judges an artifact by its digests.
pub fn judge(
    artifact: &Artifact,
    policy: &DeployPolicy,
    digests: &DigestSet,
    claims: &[Claim],
    now: Moment,
) -> Judgment {
    let case = Case { artifact, policy, digests, now };
    let mut judgment = Judgment::default();
    for required in &artifact.require {
        match case.required(&required.value, required.line, claims) {
            Ok(met) => judgment.met.push(met),
            Err(missing) => judgment.missing.push(missing),
        }
    }
    let failed = claims.iter().filter(|claim| case.has_failed(claim));
    judgment.failed = failed.map(|claim| claim.spot.clone()).collect();
    judgment
}

impl Judgment {
    /// Whether everything that is required is there.
    pub fn passes(&self) -> bool {
        self.missing.is_empty() && !self.met.is_empty()
    }

    /// The level of the build track: what is known of the build itself counts before what others found.
    pub fn level(&self) -> Option<u8> {
        let of = |wanted: Required| self.met.iter().find(|met| met.required == wanted)?.level;
        of(Required::Provenance).or_else(|| of(Required::Summary))
    }
}

struct Case<'a> {
    artifact: &'a Artifact,
    policy: &'a DeployPolicy,
    digests: &'a DigestSet,
    now: Moment,
}

impl Case<'_> {
    fn required(&self, required: &Required, line: u32, claims: &[Claim]) -> Result<Met, Missing> {
        let mut furthest = None;
        let mut vouchers: BTreeMap<Fingerprint, Voucher> = BTreeMap::new();
        let mut used = vec![];
        for (index, claim) in claims.iter().enumerate() {
            let (found, refusal) = self.claim(required, claim);
            if !found.is_empty() {
                used.push(index);
            }
            for voucher in found {
                let best = vouchers.entry(voucher.key.fingerprint()).or_insert(Voucher {
                    level: voucher.level,
                    by: voucher.by.clone(),
                    ..voucher
                });
                if voucher.level > best.level {
                    *best = voucher;
                }
            }
            if let Some(refusal) = refusal
                && furthest.as_ref().is_none_or(|(best, _): &(Refusal, _)| best.step < refusal.step)
            {
                furthest = Some((refusal, claim.spot.clone()));
            }
        }
        let threshold = self.artifact.threshold;
        if vouchers.len() >= threshold.value {
            let mut levels = vouchers.values().map(|voucher| voucher.level).collect::<Vec<_>>();
            levels.sort_by(|one, other| other.cmp(one));
            let mut by = vouchers.values().filter_map(|voucher| voucher.by.clone()).collect::<Vec<_>>();
            by.sort();
            by.dedup();
            return Ok(Met {
                required: required.clone(),
                level: levels.get(threshold.value - 1).copied().flatten(),
                by,
                keys: vouchers.into_values().map(|voucher| voucher.key).collect(),
                claims: used,
            });
        }
        let missing = |refusal: Refusal, spot| Missing {
            required: required.clone(),
            step: refusal.step,
            what: refusal.what,
            help: refusal.help,
            line: refusal.line,
            spot,
        };
        if !vouchers.is_empty() {
            let what = format!(
                "is signed by {} of the {} that it takes",
                vouchers.len(),
                plural(threshold.value, "key")
            );
            let help = "have it signed by another key; one key that signs twice is one key".to_owned();
            return Err(missing(Refusal { step: Step::Threshold, what, help, line: threshold.line }, None));
        }
        Err(match furthest {
            Some((refusal, spot)) => missing(refusal, Some(spot)),
            None => {
                let what = "is signed by no key of the policy".to_owned();
                let help =
                    "name the attestations that came with the artifact; do not use it without".to_owned();
                missing(Refusal { step: Step::Signature, what, help, line }, None)
            }
        })
    }

    /// Who vouches for what is required, by one statement; and why somebody does not.
    fn claim(&self, required: &Required, claim: &Claim) -> (Vec<Voucher>, Option<Refusal>) {
        match self.read(required, claim) {
            Err(refusal) => (vec![], Some(refusal)),
            Ok(said) => {
                let (mut found, mut refused) = (vec![], None);
                for key in &claim.signers {
                    match self.vouches(&said, key) {
                        Ok(voucher) => found.push(voucher),
                        Err(refusal) => refused = Some(refusal),
                    }
                }
                (found, refused)
            }
        }
    }

    /// The subject and the kind of a statement, and what it says, whoever signed it.
    fn read(&self, required: &Required, claim: &Claim) -> Result<Said, Refusal> {
        let statement = &claim.statement;
        if !statement.subject.iter().any(|subject| self.digests.matches(&subject.digest)) {
            let what = "is about other bytes".to_owned();
            let help = "see whether artifact and attestations belong together; a digest of another algorithm than SHA-256 and SHA-512 counts for nothing";
            return Err(self.refusal(Step::Subject, what, help));
        }
        let kind = |fits: bool| {
            let what = format!("has not been attested; there is `{}`", quoted(&statement.predicate_type));
            fits.then_some(())
                .ok_or_else(|| self.refusal(Step::Kind, what, "name the attestation that says it"))
        };
        let malformed = |fault: crate::attest::Fault| {
            self.refusal(Step::Kind, format!("cannot be read: {fault}"), "have it attested again")
        };
        match required {
            Required::Other(uri) => kind(statement.predicate_type == *uri).map(|()| Said::Plain),
            Required::Sbom => kind(is_sbom(&statement.predicate_type)).map(|()| Said::Plain),
            Required::Provenance => {
                kind(statement.predicate_type == PROVENANCE)?;
                Provenance::of(statement).map(|it| Said::Built(Box::new(it))).map_err(malformed)
            }
            Required::Summary => {
                kind(statement.predicate_type == SUMMARY)?;
                Summary::of(statement).map(|it| Said::Verified(Box::new(it))).map_err(malformed)
            }
        }
    }

    /// Whether a key that signed may say so, and says what is expected.
    fn vouches(&self, said: &Said, key: &PublicKey) -> Result<Voucher, Refusal> {
        match said {
            Said::Plain => {
                self.grant(&self.policy.roots, "root", key, None)?;
                Ok(Voucher { key: *key, level: None, by: None })
            }
            Said::Built(provenance) => {
                let builder = &provenance.run_details.builder.id;
                let grant = self.grant(&self.policy.roots, "root", key, Some(builder))?;
                self.level(grant.level, grant.line)?;
                self.built_as_expected(provenance)?;
                let metadata = &provenance.run_details.metadata;
                self.age(metadata.finished_on.or(metadata.started_on))?;
                Ok(Voucher { key: *key, level: Some(grant.level), by: Some(builder.clone()) })
            }
            Said::Verified(summary) => {
                let verifier = &summary.verifier.id;
                let grant = self.grant(&self.policy.verifiers, "verifier", key, Some(verifier))?;
                let level = self.verified_as_expected(summary, grant)?;
                self.age(summary.time_verified)?;
                Ok(Voucher { key: *key, level: Some(level), by: Some(verifier.clone()) })
            }
        }
    }

    /// What the policy grants a key, for a builder or a verifier.
    fn grant<'p>(
        &self,
        grants: &'p [Grant],
        table: &str,
        key: &PublicKey,
        id: Option<&String>,
    ) -> Result<&'p Grant, Refusal> {
        let of_key = grants.iter().filter(|grant| grant.key.key == *key).collect::<Vec<_>>();
        let fits = of_key.iter().filter(|grant| id.is_none_or(|id| grant.id == *id)).collect::<Vec<_>>();
        let fingerprint = key.fingerprint();
        if let Some(grant) = fits.iter().find(|grant| grant.key.refusal(self.now).is_none()) {
            return Ok(grant);
        }
        let (what, line) = match (fits.first(), of_key.first(), id) {
            (Some(grant), _, _) => {
                let why = grant.key.refusal(self.now).unwrap_or_default();
                (format!("is signed by {fingerprint}: {why}"), grant.line)
            }
            (None, Some(grant), Some(id)) => (
                format!("is by `{}`, which the policy does not let {fingerprint} vouch for", quoted(id)),
                grant.line,
            ),
            _ => (
                format!("is signed by {fingerprint}, which is the key of no `[[{table}]]`"),
                self.artifact.line,
            ),
        };
        let builder = id.filter(|id| table == "root" && id.len() <= 500);
        let with = builder.map(|id| format!(" with `builder = {id:?}`")).unwrap_or_default();
        let help =
            format!("if that is right, grant it in a `[[{table}]]`{with}; if not, find out who signed");
        Err(Refusal { step: Step::Grant, what, help, line })
    }

    fn level(&self, level: u8, line: u32) -> Result<(), Refusal> {
        let wanted = self.artifact.level.value;
        if level >= wanted {
            return Ok(());
        }
        let what = format!("has level {level} of the build track at most, and {wanted} is wanted");
        let help = "build it where more can be believed, or ask for less".to_owned();
        Err(Refusal { step: Step::Level, what, help, line })
    }

    fn built_as_expected(&self, provenance: &Provenance) -> Result<(), Refusal> {
        let (artifact, definition) = (self.artifact, &provenance.build_definition);
        let builder = &provenance.run_details.builder.id;
        let refusal =
            |what: String, help: &str, line: u32| Refusal { line, ..self.refusal(Step::Content, what, help) };
        if !artifact.builders.is_empty() && !artifact.builders.contains(builder) {
            let what =
                format!("is by builder `{}`, expected `{}`", quoted(builder), artifact.builders.join("`, `"));
            return Err(refusal(what, "use what the expected builder built", artifact.line));
        }
        if !artifact.build_types.value.contains(&definition.build_type) {
            let what = format!(
                "is of build type `{}`, expected `{}`",
                quoted(&definition.build_type),
                artifact.build_types.value.join("`, `"),
            );
            return Err(refusal(
                what,
                "add it to `build-type` if its parameters are understood",
                artifact.build_types.line,
            ));
        }
        let is_dirty = definition.internal_parameters.get("dirty").is_some_and(|dirty| dirty != false);
        if is_dirty && definition.build_type == BUILD_TYPE && !artifact.allow_dirty {
            let what = "was built from a working tree that differed from its commit".to_owned();
            return Err(refusal(what, "build what is committed", artifact.line));
        }
        if let Some(setting) = self.setting(definition) {
            let what = format!("was built with `{}` set from outside of its source", quoted(&setting));
            let help = "build without it, or add it to `environment` if the builders are to set it";
            return Err(refusal(what, help, artifact.line));
        }
        let expected =
            artifact.parameters.iter().map(|(name, at)| (name.clone(), at.value.clone())).collect();
        let mut found = surprises(&expected, &definition.external_parameters, "");
        found.sort_by_key(Surprise::rank);
        let Some(first) = found.first() else { return Ok(()) };
        let outer = first.name().split('.').next().unwrap_or_default();
        let line = artifact.parameters.get(outer).map_or(artifact.line, |at| at.line);
        Err(refusal(told(&found), &way_out(&found), line))
    }

    /// A setting that a build of our own had and that nobody expects: another compiler makes another program of the same source.
    fn setting(&self, definition: &BuildDefinition) -> Option<String> {
        let environment = definition.internal_parameters.get("environment")?;
        if definition.build_type != BUILD_TYPE {
            return None;
        }
        let expected = &self.artifact.environment;
        let is_expected = |set: &&Value| {
            let is_met = |set: &str| expected.iter().any(|pattern| wildcard(pattern, set));
            set.as_str().is_some_and(is_met)
        };
        let unexpected = match environment {
            Value::Array(all) => all.iter().find(|set| !is_expected(set))?,
            other => other,
        };
        Some(unexpected.as_str().map_or_else(|| unexpected.to_string(), str::to_owned))
    }

    /// The level that a summary vouches for.
    fn verified_as_expected(&self, summary: &Summary, grant: &Grant) -> Result<u8, Refusal> {
        let (artifact, said) = (self.artifact, &summary.verified_levels);
        let refusal =
            |what: String, help: &str, line: u32| Refusal { line, ..self.refusal(Step::Content, what, help) };
        let resource = artifact.resource.as_ref().filter(|at| at.value == summary.resource_uri);
        if resource.is_none() {
            let line = artifact.resource.as_ref().map_or(artifact.line, |at| at.line);
            let what = format!("is about `{}`", quoted(&summary.resource_uri));
            return Err(refusal(what, "use the summary that is about this artifact", line));
        }
        if !summary.has_passed() {
            let what = format!("says that `{}` found fault with it", quoted(&summary.verifier.id));
            return Err(refusal(what, "ask the verifier why before anything is done", artifact.line));
        }
        if let Some(at) = artifact.levels.iter().find(|at| !said.contains(&at.value)) {
            let what = format!("does not say `{}`", at.value);
            return Err(refusal(what, "have it verified for that", at.line));
        }
        let level = summary.build_level().unwrap_or(0).min(grant.level);
        self.level(level, grant.line)?;
        Ok(level)
    }

    /// Whether a statement is of a time that is accepted. Its own time is its signers' word, as everything else in it.
    fn age(&self, time: Option<Timestamp>) -> Result<(), Refusal> {
        let Artifact { max_age, not_before, .. } = self.artifact;
        let Some(line) = max_age.map(|at| at.line).or(not_before.map(|at| at.line)) else { return Ok(()) };
        let refusal = |what: String, line: u32| {
            Err(Refusal {
                line,
                ..self.refusal(Step::Age, what, "build and attest it again, or use a newer one")
            })
        };
        let Some(Timestamp(seconds)) = time else { return refusal("does not say when".to_owned(), line) };
        let Moment(now) = self.now;
        if seconds > now.saturating_add(SKEW) {
            return refusal(format!("is from the future: {}", Timestamp(seconds)), line);
        }
        if let Some(at) = not_before.filter(|at| Moment(seconds) < at.value) {
            return refusal(format!("is of {}, before what is let in again", Timestamp(seconds)), at.line);
        }
        match max_age.filter(|at| now.saturating_sub(seconds) > at.value.seconds) {
            Some(at) => refusal(format!("is of {}, older than {}", Timestamp(seconds), at.value), at.line),
            None => Ok(()),
        }
    }

    /// Whether it is the word of a trusted verifier that this very artifact failed.
    fn has_failed(&self, claim: &Claim) -> bool {
        let Ok(Said::Verified(summary)) = self.read(&Required::Summary, claim) else { return false };
        let granted =
            |key| self.grant(&self.policy.verifiers, "verifier", key, Some(&summary.verifier.id)).is_ok();
        !summary.has_passed() && claim.signers.iter().any(granted)
    }

    fn refusal(&self, step: Step, what: String, help: &str) -> Refusal {
        Refusal { step, what, help: help.to_owned(), line: self.artifact.line }
    }
}

/// What a statement says.
enum Said {
    Built(Box<Provenance>),
    Plain,
    Verified(Box<Summary>),
}

fn is_sbom(predicate_type: &str) -> bool {
    SBOMS.iter().any(|known| {
        let version = predicate_type.strip_prefix(known);
        version.is_some_and(|version| version.is_empty() || version.starts_with("/v"))
    })
}

/// How many parameters a message names.
const NAMED: usize = 8;

/// What is not as expected, in one fragment. What the policy is silent about stands last, together.
fn told(surprises: &[Surprise]) -> String {
    let silent = |it: &&Surprise| matches!(it, Surprise::Unknown { .. });
    let named = surprises.iter().take(NAMED);
    let unknown = named.clone().filter(silent).filter_map(Surprise::found).collect::<Vec<_>>();
    let mut parts = named.filter(|it| !silent(it)).map(ToString::to_string).collect::<Vec<_>>();
    match unknown[..] {
        [] => {}
        [ref one] => parts.push(format!("parameter {one}, and the policy expects nothing of it")),
        _ => parts.push(format!("parameter {}, and the policy expects nothing of these", unknown.join(", "))),
    }
    if surprises.len() > NAMED {
        parts.push(format!("and {} more", surprises.len() - NAMED));
    }
    format!("says that {}", parts.join("; "))
}

fn way_out(surprises: &[Surprise]) -> String {
    if surprises.iter().any(|it| !matches!(it, Surprise::Unknown { .. })) {
        return "use another build of it, or change what is expected".to_owned();
    }
    let lines = surprises.iter().take(NAMED).filter_map(Surprise::line).map(|line| format!("`{line}`"));
    let lines = lines.collect::<Vec<_>>().join(", ");
    match lines.is_empty() {
        true => "look at what it does; if it may be so, expect it in `parameters`".to_owned(),
        false => format!("look at what that does; if it may be so, add to the `[[artifact]]`: {lines}"),
    }
}

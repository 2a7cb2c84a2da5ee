//! `verify-artifact`: whether an artifact may be used, by what was attested of it and the operator's policy.
//!
//! It needs no workspace, no cargo and no home, and writes nothing unless it is asked for a summary, so that it runs where
//! programs are deployed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use provenance_build::{Moment, toml};

use crate::attest::digests::DigestSet;
use crate::attest::envelope::ENVELOPE_BYTES;
use crate::collect::opened::{self, Wanted};
use crate::deploy::{Artifact, DeployPolicy, Evidence, Judgment, Missing, Step, judge};
use crate::finding::{Finding, Weight};
use crate::model::Clock;
use crate::report::failure::Failure;
use crate::report::{Outcome, Report, plural};

mod summing;

pub use self::summing::Emit;

/// What is added to an artifact's name where nobody says where its attestations are (in-toto attestation framework, "Bundle").
const BUNDLE: &str = "intoto.jsonl";

/// What `verify-artifact` is asked to do. Paths are absolute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The artifacts.
    pub files: Vec<PathBuf>,
    /// Bundles of attestations; where there are none, those beside the artifacts.
    pub attestations: Vec<PathBuf>,
    /// The policy.
    pub policy: PathBuf,
    /// The name by which the policy knows them all, where their file names do not say.
    pub artifact: Option<String>,
}

/// Runs the use case. With `emit`, what was found is signed and written, whatever it is.
///
/// # Errors
///
/// A policy or attestations that cannot be read, a key that is not to be had.
pub fn run(options: &Options, clock: Clock, emit: Option<Emit<'_>>) -> Result<Report, Failure> {
    let now = Moment(clock.0);
    let policy = DeployPolicy::parse(toml::read(&options.policy)?.as_bytes(), &options.policy)?;
    if let Some(emit) = &emit {
        emit.suits(&policy)?;
    }
    let mut report = Report::new("verify-artifact");
    let evidence = gather(options, &policy)?;
    let wanted = if evidence.needs_sha512() { Wanted::Sha256And512 } else { Wanted::Sha256 };

    let mut verified = vec![];
    for file in &options.files {
        match examine(file, options, &policy, &evidence, wanted, now) {
            Ok(mut case) => {
                tell(&case, &policy, &evidence, &mut report);
                case.passes &= !policy.is_expired(now);
                verified.push(case);
            }
            Err(finding) => report.findings.push(*finding),
        }
    }
    if let Some(at) = policy.expires.filter(|_| policy.is_expired(now)) {
        let finding = Finding::new("deploy-policy-expired", Weight::Denial, "the policy's last day is over");
        let place = policy.place(at.line, "good until here");
        report.findings.push(finding.at(place).help("review it, then set another day"));
    }
    conclude(&mut report, options, &evidence);
    if let Some(emit) = emit {
        emit.write(&verified, &policy, &evidence, clock, &mut report)?;
    }
    Ok(report)
}

/// An artifact that was hashed and judged.
struct Case<'p> {
    file: &'p Path,
    expected: &'p Artifact,
    digests: DigestSet,
    judgment: Judgment,
    passes: bool,
}

const BUNDLE_HELP: &str = "name the attestations that came with the artifact with `--attestation`; `cargo provenance attest` makes them where it is built";

/// Everything that the bundles say.
fn gather(options: &Options, policy: &DeployPolicy) -> Result<Evidence, Failure> {
    let beside = |file: &PathBuf| {
        let mut bundle = file.clone().into_os_string();
        bundle.push(format!(".{BUNDLE}"));
        PathBuf::from(bundle)
    };
    let bundles = match options.attestations.is_empty() {
        true => options.files.iter().map(beside).collect(),
        false => options.attestations.clone(),
    };
    let mut evidence = Evidence::default();
    for bundle in bundles {
        let bytes = opened::bytes(&bundle, ENVELOPE_BYTES).map_err(|unread| {
            let is_missing = matches!(&unread.why, opened::Why::Io(why) if why.kind() == ErrorKind::NotFound);
            let failure = Failure::from(unread);
            if is_missing { failure.help(BUNDLE_HELP) } else { failure }
        })?;
        evidence.add(&bundle, &bytes, policy)?;
    }
    Ok(evidence)
}

/// Opens, hashes and judges one file.
fn examine<'p>(
    file: &'p Path,
    options: &Options,
    policy: &'p DeployPolicy,
    evidence: &Evidence,
    wanted: Wanted,
    now: Moment,
) -> Result<Case<'p>, Box<Finding>> {
    let expected = expected(file, options, policy)?;
    let digests = opened::digests(file, wanted).map_err(|unread| {
        let finding = Finding::new("artifact-unread", Weight::Denial, format!("{unread}: {}", unread.why));
        let help = crate::report::failure::Explain::help(&unread);
        Box::new(help.into_iter().fold(finding, Finding::help))
    })?;
    let judgment = judge(expected, policy, &digests, &evidence.claims, now);
    Ok(Case { file, expected, digests, passes: judgment.passes(), judgment })
}

/// What the policy expects of a file. The name of the file is the operator's word, as it is what gets started.
fn expected<'p>(
    file: &Path,
    options: &Options,
    policy: &'p DeployPolicy,
) -> Result<&'p Artifact, Box<Finding>> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let known = || {
        let names = policy.artifacts.iter().map(|artifact| format!("`{}`", artifact.name));
        format!("the policy knows {}", names.collect::<Vec<_>>().join(", "))
    };
    let unknown = |what: String| Finding::new("artifact-not-expected", Weight::Denial, what).note(known());
    let refused = |what: String, help: &str| Err(Box::new(unknown(what).help(help)));
    match &options.artifact {
        Some(wanted) => match policy.artifact(wanted) {
            Some(artifact) => Ok(artifact),
            None => refused(
                format!("the policy expects no artifact `{wanted}`"),
                "name one of them with `--artifact`",
            ),
        },
        None => match policy.artifacts_of_file(&name)[..] {
            [one] => Ok(one),
            [] => refused(
                format!("the policy expects no file `{name}`"),
                "say which it is with `--artifact NAME`, or add an `[[artifact]]` to the policy",
            ),
            _ => refused(
                format!("the policy expects several artifacts in a file `{name}`"),
                "say which it is with `--artifact NAME`",
            ),
        },
    }
}

fn tell(case: &Case<'_>, policy: &DeployPolicy, evidence: &Evidence, report: &mut Report) {
    let name = &case.expected.name;
    let digest = case.digests.get("sha256").unwrap_or_default();
    report.step("Verifying", format!("`{name}`: {} (sha256:{digest})", case.file.display()));
    for met in &case.judgment.met {
        let level = met.level.map(|level| format!(", level {level}")).unwrap_or_default();
        let by = met.by.iter().map(|by| format!(" by {by}")).collect::<String>();
        let keys = met.keys.iter().map(|key| key.fingerprint().to_string()).collect::<Vec<_>>().join(", ");
        let spots = met.claims.iter().filter_map(|index| evidence.claims.get(*index));
        let spots = spots.map(|claim| claim.spot.to_string()).collect::<Vec<_>>().join(", ");
        report
            .detail("Attested", format!("{}{by}{level}, signed by {keys} ({spots})", met.required.as_str()));
    }
    for missing in &case.judgment.missing {
        report.findings.push(finding(missing, case, policy, evidence));
    }
    for spot in &case.judgment.failed {
        let message = format!("a trusted verifier found fault with `{name}` ({spot})");
        report.findings.push(
            Finding::new("summary-failed", Weight::Note, message)
                .help("ask the verifier why; what the policy requires is judged without it"),
        );
    }
}

fn finding(missing: &Missing, case: &Case<'_>, policy: &DeployPolicy, evidence: &Evidence) -> Finding {
    let id = match missing.step {
        Step::Signature | Step::Threshold => "attestation-untrusted",
        Step::Subject => "attestation-subject",
        Step::Kind => "attestation-missing",
        Step::Grant => "attestation-not-granted",
        Step::Level => "attestation-level",
        Step::Content => "attestation-unexpected",
        Step::Age => "attestation-old",
    };
    let message = format!("`{}` of `{}` {}", missing.required.as_str(), case.expected.name, missing.what);
    let mut finding = Finding::new(id, Weight::Denial, message);
    finding = finding.at(policy.place(missing.line, "decided here"));
    if let Some(spot) = &missing.spot {
        finding = finding.note(format!("the attestation that came furthest is {spot}"));
    }
    if missing.step == Step::Signature {
        let ignored = evidence.ignored.iter().take(NOTES);
        finding.notes.extend(ignored.map(|ignored| format!("{}: {}", ignored.spot, ignored.why)));
    }
    finding.help(missing.help.clone())
}

/// Lines of bundles that a finding lists.
const NOTES: usize = 5;

/// Whether signatures and keys are what a finding is about: exit code 5.
fn is_distrust(finding: &Finding) -> bool {
    crate::finding::glossary::term(finding.id)
        .is_some_and(|term| term.kind == crate::finding::glossary::Kind::Distrust)
}

fn conclude(report: &mut Report, options: &Options, evidence: &Evidence) {
    let denials = report.findings.iter().filter(|finding| finding.weight == Weight::Denial);
    let denials = denials.collect::<Vec<_>>();
    report.outcome = match denials[..] {
        [] => Outcome::Fine,
        _ if denials.iter().any(|finding| is_distrust(finding)) => Outcome::Distrusted,
        _ if denials.iter().any(|finding| finding.id != "artifact-unread") => Outcome::Refused,
        _ => Outcome::Undecided,
    };
    let files = plural(options.files.len(), "artifact");
    report.conclusion = match report.outcome {
        Outcome::Fine => format!("{files} may be used"),
        Outcome::Refused => format!("to let {files} be used: {}", report.tally()),
        _ => format!("{files} must not be used: {}", report.tally()),
    };
    if !evidence.ignored.is_empty() {
        let count = plural(evidence.ignored.len(), "attestation");
        report.not_checked.push(format!("{count} that no key of the policy signed, or that cannot be read"));
    }
    for ignored in &evidence.ignored {
        report.detail("Ignoring", format!("{}: {}", ignored.spot, ignored.why));
    }
    report.count("artifacts", options.files.len());
    report.count("attestations", evidence.claims.len());
    report.count("ignored", evidence.ignored.len());
}

//! The bytes that a review is of: `certify` proves them as a pin's are proven, records them beside the review, and signs that
//! where a key is at hand.

use std::path::PathBuf;

use provenance_build::manifest::Pin;
use provenance_build::signing::PublicKey;
use provenance_build::{PackageName, Source, Version};

use crate::audit::{AUDIT_NAMESPACE, Audit, AuditKind, BINDINGS, Binding, Bindings, Bytes, VetVersion};
use crate::collect::{audits, entrants, gate, vet_store};
use crate::finding::{Finding, Weight};
use crate::keys::{Passphrase, Signer};
use crate::model::{Date, Surroundings};
use crate::ops::vet::{self, Place, Target, subject};
use crate::ops::{diff, sign};
use crate::policy::{AuditRules, Policy};
use crate::report::Report;
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::vet::Judgment;

/// What to do where the bytes cannot be had.
const UNBOUND: &str =
    "or record the review with `--unbound`: it is then of whatever comes under that name and version";

/// What is asked of the binding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether the review is not to be bound to bytes.
    pub unbound: bool,
    /// The key file, or the public key of one that an agent holds; absolute.
    pub key: Option<PathBuf>,
}

/// A file that is to be written together with the review.
pub(super) struct Change {
    pub(super) file: PathBuf,
    pub(super) old: Option<Vec<u8>>,
    pub(super) new: Vec<u8>,
}

/// Binds reviews of crates to the bytes that are theirs now. Nothing where there is nothing to write: violations are of no
/// bytes, and what is bound and signed already stays as it is.
pub(super) fn bind(
    surroundings: &Surroundings,
    options: &Options,
    passphrase: Passphrase<'_>,
    reviews: &[(&PackageName, &Audit)],
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<Option<Change>, Failure> {
    let reviews = reviews.iter().filter_map(|(name, audit)| {
        let (from, to) = match &audit.kind {
            AuditKind::Full(version) => (None, version),
            AuditKind::Delta { from, to } => (Some(from), to),
            AuditKind::Violation(_) => return None,
        };
        Some((*name, *audit, from, to))
    });
    let reviews = reviews.collect::<Vec<_>>();
    if reviews.is_empty() {
        return Ok(None);
    }
    let (root, policy) = gate::policy_in_force(surroundings)?;
    let nothing = AuditRules::default();
    let rules = policy.audits().unwrap_or(&nothing);
    if options.unbound {
        if rules.bound.value || rules.signed.value {
            report.findings.push(remark(
                "review-not-bound",
                "a review of no bytes does not count here",
                &policy,
                rules,
            ));
        }
        return Ok(None);
    }
    let damaged = |why: String| {
        Failure::new(Kind::Usage, why).help("correct the file, or restore it from version control")
    };
    let folder = &vet_store::folder(&root).map_err(damaged)?;
    let (old, mut bindings) = audits::bindings(&root, folder).map_err(damaged)?.unzip();
    let bindings = bindings.get_or_insert_default();
    let wanted = reviews
        .iter()
        .flat_map(|(name, _, from, to)| from.iter().copied().chain([*to]).map(|it| (*name, it)));
    let known = bytes(surroundings, &wanted.collect::<Vec<_>>(), report, progress)?;
    let mut known = known.into_iter();
    let mut key = Key::Unasked;
    for (name, audit, from, _) in &reviews {
        let from = from.and_then(|_| known.next());
        let Some(to) = known.next() else { continue };
        let new = Binding::new(audit, from, to, Date::of_seconds(surroundings.clock.0));
        let binding = recorded(bindings, folder, name, new)?;
        let Some(mut signers) = binding.signers(name.as_str()) else {
            let what = format!("a signature of {folder}/{BINDINGS}:{} does not hold", binding.line);
            let help = "find out who changed the entry; remove it where the review is to be made anew";
            return Err(Failure::new(Kind::Distrusted, what).help(help));
        };
        let own = audit.who.iter().filter_map(|who| rules.auditor(who)).flat_map(|auditor| &auditor.keys);
        let own = own.copied().collect::<Vec<_>>();
        let how = match key.at_hand(surroundings, options, passphrase, &own)? {
            Err(why) => format!("unsigned: {why}"),
            Ok(signer) => {
                let public = signer.public();
                if !signers.contains(&public) {
                    binding
                        .signatures
                        .push(signer.sign_for(AUDIT_NAMESPACE, binding.text(name.as_str()).as_bytes())?);
                    signers.push(public);
                }
                if !rules.auditors.is_empty() && !own.contains(&public) {
                    let message =
                        format!("{} is no key of {} here", public.fingerprint(), audit.who.join(" or "));
                    let help = format!(
                        "to count it, put `\"{public}\"` into `keys` of their `[audits.auditor.NAME]`"
                    );
                    report.findings.push(Finding::new("key-not-trusted", Weight::Note, message).help(help));
                }
                format!("signed with {}", public.fingerprint())
            }
        };
        if rules.signed.value && signers.is_empty() {
            report.findings.push(remark(
                "review-not-signed",
                "a review without a signature does not count here",
                &policy,
                rules,
            ));
        }
        report
            .step("Binding", format!("{name} {} to {}, {how}", binding.to.version, binding.to.tree.short()));
    }
    let new = bindings.text().into_bytes();
    let file = root.join(folder).join(BINDINGS);
    // What is written is what will be read.
    Bindings::read(&new, &file).map_err(|error| damaged(error.to_string()))?;
    let is_new = old.as_ref().is_none_or(|old| *old != new);
    Ok(is_new.then_some(Change { file, old, new }))
}

fn remark(id: &'static str, message: &str, policy: &Policy, rules: &AuditRules) -> Finding {
    let line = if rules.signed.value { rules.signed.line } else { rules.bound.line };
    let help = match id {
        "review-not-bound" => "certify it again without `--unbound`",
        _ => "certify it again with `--key FILE`; `cargo provenance keygen` makes one",
    };
    let finding = Finding::new(id, Weight::Note, message);
    finding.at(policy.place(line, "required here")).help(help)
}

/// The binding of a review, put in where there is none yet. One to other bytes stays, and is an error.
fn recorded<'b>(
    bindings: &'b mut Bindings,
    folder: &str,
    name: &PackageName,
    new: Binding,
) -> Result<&'b mut Binding, Failure> {
    let list = bindings.crates.entry(name.to_string()).or_default();
    let index = match list.iter().position(|known| known.is_of_same_review(&new)) {
        Some(index) if (&list[index].from, &list[index].to) == (&new.from, &new.to) => index,
        Some(index) => {
            let line = list[index].line;
            let what =
                format!("this review of `{name}` is of other bytes already ({folder}/{BINDINGS}:{line})");
            let help = "find out which of the two is right; where it is this one, remove that entry and review it anew";
            return Err(Failure::new(Kind::Refused, what).help(help));
        }
        None => {
            list.push(new);
            list.len() - 1
        }
    };
    Ok(&mut list[index])
}

/// The key to sign with, looked for once.
enum Key {
    Unasked,
    None(String),
    Found(Box<Signer>),
}

impl Key {
    /// The key that is named, the user's own, or one of `own` that the agent holds; why there is none, where none is named.
    fn at_hand(
        &mut self,
        surroundings: &Surroundings,
        options: &Options,
        passphrase: Passphrase<'_>,
        own: &[PublicKey],
    ) -> Result<Result<&mut Signer, &str>, Failure> {
        if let Self::Unasked = self {
            let found = sign::signer(surroundings, options.key.as_ref(), passphrase, |key| own.contains(key));
            *self = match found {
                Ok(signer) => Self::Found(Box::new(signer)),
                Err(failure) if options.key.is_some() => return Err(failure),
                Err(failure) => Self::None(failure.message),
            };
        }
        Ok(match self {
            Self::Found(signer) => Ok(signer),
            Self::None(why) => Err(why),
            Self::Unasked => Err("no key was looked for"),
        })
    }
}

/// The bytes of versions, in their order.
fn bytes(
    surroundings: &Surroundings,
    wanted: &[(&PackageName, &VetVersion)],
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<Vec<Bytes>, Failure> {
    let mut place = Place::open(surroundings)?;
    let source = entrants::source(&place.situation.configuration, None)?;
    let (published, committed): (Vec<_>, Vec<_>) =
        wanted.iter().partition(|(_, version)| version.git.is_none());
    let targets = published.iter().map(|(name, version)| {
        let version = Version::parse(&version.semver.to_string());
        Target::Crate((*name).clone(), version)
    });
    let asked = vet::Options { targets: targets.collect(), ..vet::Options::default() };
    let (subjects, missing) = subject::all(surroundings, &place, (&source, None), &asked, report, progress)?;
    if let Some(missing) = missing.first() {
        let failure = diff::absent(missing, source.display_name());
        let pins = place.manifest.iter().flat_map(|manifest| &manifest.packages);
        let mut pins = pins.filter(|pin| published.iter().any(|(name, _)| pin.name == **name));
        // Whoever has it from a repository is likely to mean that.
        let failure = match pins.find_map(|pin| Some((pin, pin.source()?.commit()?.to_owned()))) {
            Some((Pin { name, version, .. }, commit)) => failure.help(format!(
                "what is pinned of it is `cargo provenance certify {name} {version}@git:{commit}`"
            )),
            None => failure,
        };
        return Err(failure.help(UNBOUND));
    }
    let mut packages = subjects.into_iter().map(|subject| subject.package).collect::<Vec<_>>();
    for package in &mut packages {
        // The bytes of the pin are meant, also where the index has changed its mind.
        let pin = place.manifest.as_ref().and_then(|manifest| manifest.pin_for(&package.id));
        package.checksum = pin.and_then(|pin| pin.checksum).or(package.checksum);
    }
    place.situation.lockfile.packages = packages;
    let all = (0..published.len()).collect::<Vec<_>>();
    let keep = |_: usize, _: crate::collect::records::Contents<'_>| Judgment::default();
    let entrants = match all.is_empty() {
        true => vec![],
        false => entrants::prove(&place.situation, surroundings.network, &all, &keep, progress)?.proven,
    };
    let mut proven = published.iter().zip(entrants).map(|((name, version), proven)| match proven {
        Ok(entrant) => {
            Ok(Bytes { version: (*version).clone(), checksum: entrant.checksum, tree: entrant.tree })
        }
        Err(refusals) => {
            let why = refusals.iter().map(|refusal| refusal.what.as_str()).collect::<Vec<_>>().join("; ");
            let what = format!("the bytes of `{name} v{version}` cannot be proven: {why}");
            let failure = Failure::new(Kind::Undecided, what);
            let help = refusals.first().map(|refusal| refusal.help.clone());
            Err(help.into_iter().fold(failure, Failure::help).help(UNBOUND))
        }
    });
    let mut committed = committed.into_iter().map(|(name, version)| of_commit(&place, name, version));
    let next = |(_, version): &(&PackageName, &VetVersion)| match version.git {
        None => proven.next(),
        Some(_) => committed.next(),
    };
    wanted.iter().filter_map(next).collect()
}

/// What comes from git has no archive; its pin has proven its files.
fn of_commit(place: &Place, name: &PackageName, version: &VetVersion) -> Result<Bytes, Failure> {
    let number = version.semver.to_string();
    let commit = |source: &Source| source.commit().map(str::to_owned);
    let mut pins = place.manifest.iter().flat_map(|manifest| &manifest.packages);
    let pin = pins.find(|pin| {
        pin.name == *name && pin.version.as_str() == number && pin.source().and_then(commit) == version.git
    });
    let pin = pin.ok_or_else(|| {
        let what = format!("the bytes of `{name} {version}` are not known: nothing is pinned of that commit");
        Failure::new(Kind::Undecided, what).help("pin it first").help(UNBOUND)
    })?;
    Ok(Bytes { version: version.clone(), checksum: None, tree: pin.tree })
}

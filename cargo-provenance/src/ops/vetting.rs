//! Vets packages: from what is known of them to findings. What people say to these is in `settling`.
//!
//! In two steps, because the second one needs their archives: what the index says is judged before anything is fetched.

mod known;
mod raised;
mod releases;
mod settling;

use provenance_build::manifest::{Basis, Pin};
use provenance_build::{LockedPackage, Lockfile, Manifest, PackageId, PackageName};

use super::pinning::{self, Split};
use crate::advisory::Database;
use crate::archive::{Archive, License};
use crate::cargo::Member;
use crate::collect::entrants::{self, Entrants, Homes, Proven};
use crate::collect::publishers::Publishers;
use crate::collect::records::{self, Before, Circumstances, Contents, Record};
use crate::collect::situation::Situation;
use crate::finding::{Finding, Weight};
use crate::model::{Clock, Date, Evidence, Network};
use crate::policy::Policy;
use crate::registry::Refusal;
use crate::registry::proof;
use crate::report::Report;
use crate::report::progress::Progress;
use crate::survey::Survey;
use crate::vet::checks;
use crate::vet::reviews::Known;
use crate::vet::waiver::Exceptions;
use crate::vet::{
    Asked, Cooldown, Demands, Dossier, Fault, Ground, Judgment, Look, Names, Needs, Open, Opinion, Previous,
    Proof, Reviews, Standing, Way, judge,
};

pub use known::{databases, demands, reviews};
pub use raised::parted;
pub use settling::{AcceptError, Vetted, unused};

/// Judges packages against a policy.
pub struct Vetting<'a> {
    policy: &'a Policy,
    databases: Evidence<&'a [Database]>,
    audits: Evidence<&'a Reviews>,
    index_of: &'a (dyn Fn(&str) -> Option<String> + Sync),
    names: Names,
    cooldown: Cooldown,
    now: Clock,
    /// Whether pins of older check sets are judged by the newer checks too.
    anew: bool,
    /// Whether packages are not compared with the version before them.
    alone: bool,
}

/// A package with what came of proving it, and what was said of it.
#[derive(Clone, Debug)]
pub struct Examined {
    /// What came of proving it.
    pub proven: Proven,
    /// What was said of it.
    pub judgment: Judgment,
}

/// What a member asks of a package.
fn asked(member: &Member, name: &PackageName) -> impl Iterator<Item = Asked> {
    let asks = member.asks.iter().filter(move |asked| asked.name == name.as_str());
    asks.map(|asked| Asked { by: member.name.to_string(), versions: asked.versions.clone() })
}

/// The pin that covers the bytes of a package. What people accepted in a pin of other bytes says nothing about these.
pub fn covering<'m>(manifest: &'m Manifest, package: &LockedPackage, proven: &Proven) -> Option<&'m Pin> {
    let pin = manifest.pin_for(&package.id).filter(|pin| pin.checksum == package.checksum)?;
    proven.as_ref().map_or(true, |entrant| entrant.tree == pin.tree).then_some(pin)
}

/// Whether a package was there at `init`, and no advisory database has been at hand since.
pub fn is_unjudged(pin: &Pin) -> bool {
    let advisories = pin.vetted.as_ref().and_then(|vetted| vetted.advisories.as_ref());
    pin.trust.basis == Basis::Baseline && advisories.is_none()
}

impl<'a> Vetting<'a> {
    /// Judges against `policy`. `index_of` gives the index URL of a registry's name in the repository's configuration.
    pub fn new(
        policy: &'a Policy,
        databases: Evidence<&'a [Database]>,
        index_of: &'a (dyn Fn(&str) -> Option<String> + Sync),
        now: Clock,
    ) -> Self {
        let mut names = Names::core();
        names.know(policy.known_names().iter().map(|at| at.value.as_str()));
        names.know(databases.known().into_iter().flat_map(|all| all.iter()).flat_map(Database::honest));
        let cooldown = Cooldown::default();
        let audits = Evidence::Absent;
        Self { policy, databases, audits, index_of, names, cooldown, now, anew: false, alone: false }
    }

    /// Compares nothing with the version before it: what is there already comes in as it is.
    pub fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    /// Knows who reviewed what.
    pub fn reviewed(self, audits: Evidence<&'a Reviews>) -> Self {
        Self { audits, ..self }
    }

    /// Says so where nothing is known of reviews.
    pub fn tell_audits(&self, report: &mut Report) {
        if matches!(self.audits, Evidence::Absent) {
            report.not_checked.push(pinning::NOT_REVIEWED.to_owned());
        }
    }

    /// Knows the members of the workspace and the packages that are in use, which look-alikes may aim at.
    pub fn among<'n>(
        mut self,
        members: impl IntoIterator<Item = &'n PackageName>,
        used: impl IntoIterator<Item = &'n PackageName>,
    ) -> Self {
        self.names.own(members.into_iter().map(PackageName::as_str));
        self.names.meet(used.into_iter().map(PackageName::as_str));
        self
    }

    /// Holds versions to cargo's own cool-down as well.
    pub fn cooling(self, cooldown: Cooldown) -> Self {
        Self { cooldown, ..self }
    }

    /// Judges what is pinned as if it were not: the checks that are newer than its pin count in full.
    pub fn anew(self, anew: bool) -> Self {
        Self { anew, ..self }
    }

    fn ground(&self, record: &Record) -> Ground<'_> {
        Ground { judged_by: record.circumstances.judged_by.filter(|_| !self.anew), ..self.bare_ground() }
    }

    fn bare_ground(&self) -> Ground<'_> {
        let databases = self.databases.clone();
        Ground {
            policy: self.policy,
            databases,
            audits: self.audits.clone(),
            index_of: self.index_of,
            names: &self.names,
            cooldown: &self.cooldown,
            now: self.now,
            judged_by: None,
        }
    }

    /// The day of the run.
    pub fn today(&self) -> Date {
        Date::of_seconds(self.now.0)
    }

    /// The exceptions of the policy.
    pub fn exceptions(&self) -> Exceptions<'a> {
        Exceptions::of(self.policy, self.today())
    }

    /// Vulnerabilities and worse that the databases know of a package, whatever people said to them.
    pub fn known_to_be_wrong(&self, id: &PackageId) -> Vec<Finding> {
        let judgment = judge(&Dossier::new(id, Way::Kept), &self.bare_ground(), &[Needs::Advisories]);
        let grave = ["malicious", "vulnerability"];
        judgment.findings.into_iter().filter(|finding| grave.contains(&finding.id)).collect()
    }

    /// What the advisories say of a package that is locked, and what people said to that.
    pub fn advised(&self, record: &Record, pinned: Option<&Pin>, exceptions: &mut Exceptions<'_>) -> Vetted {
        let judgment = judge(&record.dossier(), &self.ground(record), &[Needs::Advisories]);
        self.settle(judgment, pinned, exceptions)
    }

    /// What can be said before anything is fetched.
    pub fn before_fetching(&self, record: &Record) -> Judgment {
        judge(&record.dossier(), &self.ground(record), Needs::BEFORE_FETCHING)
    }

    /// What can be said once the contents are at hand.
    pub fn of_contents(&self, record: &Record, contents: Contents<'_>) -> Judgment {
        let remarks = contents.archive.map(Archive::remarks).unwrap_or_default().iter().map(|remark| Fault {
            check: remark.check,
            what: remark.what.clone(),
            help: None,
            remark: true,
        });
        let faults = remarks.collect::<Vec<_>>();
        let survey = contents.sources.as_ref().map(Survey::of);
        let previous = contents.previous.as_ref();
        let dossier = Dossier {
            archive: contents.archive.map_or(Evidence::Absent, Evidence::Known),
            survey: survey.as_ref(),
            previous: previous.map(|Before { version, survey }| Previous { version, survey }),
            license: Evidence::Known(contents.license),
            faults: &faults,
            ..record.dossier()
        };
        judge(&dossier, &self.ground(record), Needs::OF_CONTENTS)
    }

    /// Takes out what was said of a package's license, and judges that again.
    pub fn judge_license_anew(&self, judgment: &mut Judgment, record: &Record, license: &License) {
        let is_about_license =
            |finding: &Finding| checks::check(finding.id).is_some_and(|check| check.needs == Needs::License);
        judgment.findings.retain(|finding| !is_about_license(finding));
        let dossier = Dossier { license: Evidence::Known(license), ..record.dossier() };
        judgment.extend(judge(&dossier, &self.ground(record), &[Needs::License]));
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
        // What no check of the table is about refuses all the same.
        for fault in &faults {
            if judgment.findings.iter().all(|finding| finding.id != fault.check) {
                let message = format!("`{}`: {}", record.id.short(), fault.what);
                let mut finding = Finding::new(fault.check, Weight::Denial, message).about(record.id.clone());
                finding.help.extend(fault.help.clone());
                judgment.findings.push(finding);
            }
        }
        judgment.open.extend(undecided.into_iter().map(|refusal| Open {
            id: record.id.clone(),
            why: refusal.what.clone(),
            checks: vec![refusal.check],
            help: refusal.help.clone(),
        }));
        judgment
    }

    /// Examines packages that enter through a lockfile that is there already.
    pub fn enter(
        &self,
        situation: &Situation,
        manifest: Option<&Manifest>,
        network: Network,
        wanted: &[usize],
        progress: &dyn Progress,
    ) -> Result<(Vec<Examined>, Entrants), pinning::Error> {
        let records = self.look_up(situation, manifest, wanted)?;
        let entrants = self.prove(situation, network, wanted, &records, Homes::default(), progress)?;
        let examined = records.iter().zip(&entrants.proven);
        let examined = examined.map(|(record, proven)| self.examined(record, proven.clone())).collect();
        Ok((examined, entrants))
    }

    /// Looks up packages of a lockfile that come in under these circumstances.
    pub fn records(
        &self,
        lockfile: &Lockfile,
        packages: &[(&LockedPackage, Circumstances)],
        publishers: &Publishers<'_>,
        demands: &Evidence<Demands>,
    ) -> Result<Vec<Record>, provenance_build::Error> {
        let mut records = records::look_up(lockfile, packages, publishers, &self.databases)?;
        self.ask_of(&mut records, demands);
        Ok(records)
    }

    /// Which reviews are required of the packages of a lockfile. `Absent` where it does not matter who needs whom.
    pub fn demands(&self, lockfile: &Lockfile, members: &[Member]) -> Evidence<Demands> {
        match self.audits.known().filter(|_| self.goes_by_the_tree()) {
            Some(reviews) => known::demands(reviews, lockfile, members),
            None => Evidence::Absent,
        }
    }

    /// Whether it matters for what is required of a package who needs it.
    pub fn goes_by_the_tree(&self) -> bool {
        self.audits.known().is_some_and(|reviews| reviews.goes_by_the_tree())
    }

    /// Asks these reviews of packages.
    pub fn ask_of(&self, records: &mut [Record], demands: &Evidence<Demands>) {
        for record in records {
            record.demand = demands.as_ref().map(|demands| demands.of(&record.id).clone());
        }
    }

    /// Looks up what is known of packages before anything is fetched.
    pub fn look_up(
        &self,
        situation: &Situation,
        manifest: Option<&Manifest>,
        wanted: &[usize],
    ) -> Result<Vec<Record>, pinning::Error> {
        let is_member = |package: &LockedPackage| situation.member(package).is_some();
        let all = records::circumstances(&situation.lockfile, manifest, is_member, Way::Locked)?;
        let publishers = Publishers::of(&situation.configuration, &situation.cargo_home)?;
        let packages = wanted.iter().map(|index| (&situation.lockfile.packages[*index], all[*index].clone()));
        let demands = self.demands(&situation.lockfile, &situation.workspace.members);
        let packages = packages.collect::<Vec<_>>();
        let mut records = self.records(&situation.lockfile, &packages, &publishers, &demands)?;
        for record in &mut records {
            let members = situation.workspace.members.iter();
            record.asked = members.flat_map(|member| asked(member, &record.id.name)).collect();
        }
        Ok(records)
    }

    /// Proves packages that were looked up. Their contents are judged while they are at hand; what lies in `homes` is not
    /// fetched again.
    pub fn prove(
        &self,
        situation: &Situation,
        network: Network,
        wanted: &[usize],
        records: &[Record],
        homes: Homes,
        progress: &dyn Progress,
    ) -> Result<Entrants, entrants::Error> {
        let inspect = |number: usize, contents: Contents<'_>| self.of_contents(&records[number], contents);
        let before = if self.alone { vec![] } else { self.before(records) };
        entrants::prove_once_more(situation, network, wanted, &before, homes, &inspect, progress)
    }

    /// The versions that packages are compared with.
    pub fn before(&self, records: &[Record]) -> Vec<Option<LockedPackage>> {
        // What only a publisher's name speaks for is compared, however long it has been there.
        let reviews = self.audits.known();
        let is_named = |record: &Record| {
            let reviews = reviews.filter(|reviews| reviews.trusts_for(record.id.name.as_str()));
            let opinion = reviews.map(|reviews| reviews.given(&record.dossier(), Look::Beforehand));
            matches!(
                opinion,
                Some(Opinion { standing: Standing::Proven(Proof { on_publisher: true, .. }), .. })
            )
        };
        let named = |record| is_named(record).then(|| record.published_before()).flatten();
        records.iter().map(|record| record.before(self.now).or_else(|| named(record))).collect()
    }

    /// The same with what it was judged by.
    pub fn examined(&self, record: &Record, proven: Proven) -> Examined {
        let judgment = self.judged(record, &proven);
        Examined { proven, judgment }
    }

    /// Judges a package that was looked up and proven.
    pub fn judged(&self, record: &Record, proven: &Proven) -> Judgment {
        let tree = proven.as_ref().ok().map(|entrant| entrant.tree);
        let dossier = record.dossier();
        let dossier = Dossier { bytes: Known { tree, ..dossier.bytes }, ..dossier };
        let mut judgment = judge(&dossier, &self.ground(record), Needs::BEFORE_FETCHING);
        let mut more = match proven {
            Ok(entrant) => entrant.judgment.clone(),
            Err(refusals) => self.of_refusals(record, refusals),
        };
        // The index and the proof may both have come upon the same thing. What weighs more is never dropped for it.
        more.findings.retain(|finding| {
            let same = |known: &Finding| known.id == finding.id && known.subject == finding.subject;
            !judgment.findings.iter().any(|known| same(known) && known.weight <= finding.weight)
        });
        judgment.extend(more);
        judgment
    }

    /// What is said of packages whose pins stay, and what of that could not be looked up: only what the policy says of their
    /// names and sources and what auditors say of them is asked, which costs nothing and may have changed.
    pub fn kept(
        &self,
        situation: &Situation,
        split: &Split<'_>,
        exceptions: &mut Exceptions<'_>,
    ) -> (Vec<Finding>, Vec<Open>) {
        let (mut findings, mut open) = (vec![], vec![]);
        let demands = self.demands(&situation.lockfile, &situation.workspace.members);
        for (index, pin) in &split.kept {
            let id = pin.id();
            let ground =
                Ground { judged_by: pin.vetted.as_ref().map(|vetted| vetted.checks), ..self.bare_ground() };
            let is_vouched = pin.trust.basis == Basis::Publisher;
            let bytes = Known { checksum: pin.checksum, tree: Some(pin.tree) };
            let on_record = match pin.trust.basis {
                Basis::Audit => &*pin.trust.from,
                _ => &[],
            };
            let demand = demands.as_ref().map(|demands| demands.of(&id));
            let new = Dossier::new(&id, Way::Kept);
            let dossier = Dossier { is_vouched, bytes, on_record: Some(on_record), demand, ..new };
            let judgment = judge(&dossier, &ground, &[Needs::Identity, Needs::Audits]);
            let vetted = self.settle(judgment, Some(pin), exceptions);
            let place = situation.locked_at(&situation.lockfile.packages[*index], "locked here");
            open.extend(vetted.judgment.open);
            findings.extend(vetted.judgment.findings.into_iter().map(|mut finding| {
                finding.places.insert(0, place.clone());
                finding
            }));
        }
        (findings, open)
    }
}

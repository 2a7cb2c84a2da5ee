//! Why a package of the workspace is trusted, or is not.

use std::path::Path;

use provenance_build::config::Configuration;
use provenance_build::manifest::{self, Basis, BuildTime, Pin};
use provenance_build::{LockedPackage, Lockfile, Manifest, observe, toml};

use super::reviews::Shelf;
use super::text::Text;
use super::{advisory, spec, unknown};
use crate::collect::advisories::Advisories;
use crate::collect::gate;
use crate::graph::Graph;
use crate::model::Surroundings;
use crate::policy::{Exception, Policy};
use crate::report::failure::{Failure, Kind};

/// Chains that are shown of one package: more than anybody reads.
const CHAINS: usize = 20;

/// The text about the packages that `word` names.
pub(super) fn explain(
    surroundings: &Surroundings,
    root: &Path,
    policy: &Policy,
    word: &str,
) -> Result<String, Failure> {
    let Some((name, version)) = spec(word) else { return Err(unknown(word, [].into_iter())) };
    if !root.join(manifest::FILE_NAME).exists() {
        return Err(unknown(word, [].into_iter()));
    }
    let manifest = observe::read_manifest(root)?;
    let configuration = Configuration::read(&gate::kernel_surroundings(surroundings, root))?;
    let file = configuration.lockfile(root)?;
    let lockfile = Lockfile::parse(toml::read(&file)?.as_bytes(), &file)?;
    let graph = Graph::of(&lockfile).map_err(|error| {
        Failure::new(Kind::Usage, error.to_string()).help("let cargo write `Cargo.lock` anew")
    })?;
    let advisories = Advisories::read(surroundings, policy, root);
    let shelf = Shelf::open(surroundings, root, policy, &lockfile);
    let book = Book { manifest: &manifest, policy, lockfile: &lockfile, graph: &graph, advisories, shelf };
    let meant = |found: &str, at: &str| {
        found == name.as_str() && version.as_ref().is_none_or(|version| version.as_str() == at)
    };
    let locked = lockfile.packages.iter().enumerate();
    let locked = locked.filter(|(_, it)| meant(it.id.name.as_str(), it.id.version.as_str()));
    let mut texts = locked.map(|(index, package)| book.of_locked(index, package)).collect::<Vec<_>>();
    let is_locked = |pin: &&Pin| lockfile.packages.iter().any(|package| package.id == pin.id());
    let unused = manifest.packages.iter().filter(|pin| meant(pin.name.as_str(), pin.version.as_str()));
    texts.extend(unused.filter(|pin| !is_locked(pin)).map(|pin| book.of_unused(pin)));
    if texts.is_empty() {
        let names = lockfile.packages.iter().map(|package| package.id.name.as_str());
        return Err(unknown(word, names));
    }
    Ok(texts.join("\n"))
}

/// Where everything about packages is looked up.
struct Book<'a> {
    manifest: &'a Manifest,
    policy: &'a Policy,
    lockfile: &'a Lockfile,
    graph: &'a Graph,
    advisories: Advisories,
    shelf: Shelf,
}

impl Book<'_> {
    fn of_locked(&self, index: usize, package: &LockedPackage) -> String {
        let id = &package.id;
        let from = id.source.as_ref().map_or("a path", |source| source.display_name());
        let mut text = Text::headed(&format!("{} from {from}", id.short()));
        text.line("locked", &format!("Cargo.lock:{}", package.line));
        if self.is_member(index) {
            let listed = self.manifest.members.iter().find(|member| member.name == id.name);
            let place = listed.map(|member| member.path.as_str()).unwrap_or_default();
            text.line("member", &format!("the team's own, in `{place}`; it is not pinned"));
            if let Some(reason) = listed.and_then(|member| member.own.as_ref()) {
                text.line("own", reason);
            }
            return text.into_string();
        }
        match self.manifest.pin_for(id) {
            Some(pin) => self.of_pin(pin, Some(package), &mut text),
            None => text.line("not trusted", "no pin covers it; `cargo provenance pin` vets and pins it"),
        }
        self.exceptions(id.name.as_str(), id.version.as_str(), &mut text);
        text.lines("advisories", advisory::about(&self.advisories, id));
        text.lines("reviews", self.shelf.about(id));
        self.chains(index, &mut text);
        text.into_string()
    }

    fn of_unused(&self, pin: &Pin) -> String {
        let from = pin.source().map_or("a path", |source| source.display_name());
        let mut text = Text::headed(&format!("{} from {from}", pin.id().short()));
        text.line(
            "not locked",
            "`Cargo.lock` does not name it any more; `cargo provenance pin` removes the pin",
        );
        self.of_pin(pin, None, &mut text);
        self.exceptions(pin.name.as_str(), pin.version.as_str(), &mut text);
        text.into_string()
    }

    fn of_pin(&self, pin: &Pin, package: Option<&LockedPackage>, text: &mut Text) {
        text.line("pinned", &format!("Provenance.lock:{}", pin.line.0));
        if let Some(checksum) = pin.checksum {
            text.line("", &checksum.to_string());
        }
        text.line("", &pin.tree.to_string());
        if package.is_some_and(|package| package.checksum != pin.checksum) {
            text.line("not trusted", "`Cargo.lock` names another archive than the pin");
        }
        let ground = match pin.trust.basis {
            Basis::Accepted => "what the checks found was accepted",
            Basis::Audit => "somebody reviewed it",
            Basis::Baseline if self.is_excepted(pin) => {
                "it was there at `init`; nobody has looked at it yet, and the exceptions below cover it"
            }
            Basis::Baseline => "it was there at `init`; nobody has looked at it yet",
            Basis::Policy if self.is_excepted(pin) => {
                "it passed every check, but for what the exceptions below cover"
            }
            Basis::Policy => "it passed every check of the policy",
            Basis::Publisher => "its publisher is trusted",
        };
        let vouching = match pin.trust.from[..] {
            [] => String::new(),
            _ => format!(" ({})", pin.trust.from.join(", ")),
        };
        let criteria = pin.trust.criteria.as_ref().map(|criteria| format!(" for {criteria}"));
        text.line("trusted", &format!("{ground}{}{vouching}", criteria.unwrap_or_default()));
        match &pin.vetted {
            Some(vetted) => {
                let advisories = match &vetted.advisories {
                    Some(date) => format!("compared with advisories up to {date}"),
                    None => "compared with no advisories".to_owned(),
                };
                text.line("vetted", &format!("by check set {}, {advisories}", vetted.checks));
            }
            None => text.line("vetted", "by no check"),
        }
        if let Some((url, commit)) = pin.repository.as_ref().and_then(|it| it.rsplit_once('#')) {
            text.line("repository", &format!("its files are those of {url} at commit {commit}"));
        }
        for it in &pin.accepted {
            let subject = it.id.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
            text.line("accepted", &format!("{}{subject} by {} on {}: {}", it.check, it.by, it.on, it.reason));
        }
        for finding in &pin.baseline {
            text.line("baseline", &format!("{finding}, there at `init`"));
        }
        let kinds = pin.build_time.iter().map(|kind| match kind {
            BuildTime::BuildScript => "a build script",
            BuildTime::ProcMacro => "a procedural macro",
        });
        let kinds = kinds.collect::<Vec<_>>().join(" and ");
        text.line("build time", if kinds.is_empty() { "none of its code runs" } else { &kinds });
    }

    fn is_excepted(&self, pin: &Pin) -> bool {
        let exceptions = self.policy.exceptions().iter();
        exceptions.map(|at| &at.value).any(|it| concerns(it, pin.name.as_str(), pin.version.as_str()))
    }

    fn exceptions(&self, name: &str, version: &str, text: &mut Text) {
        for at in self.policy.exceptions() {
            let it = &at.value;
            if concerns(it, name, version) {
                let subject = it.subject.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
                text.line(
                    "exception",
                    &format!(
                        "{}{subject} until {}: {} ({})",
                        it.check,
                        it.expires,
                        it.reason,
                        self.policy.spot(at.line)
                    ),
                );
            }
        }
    }

    fn chains(&self, index: usize, text: &mut Text) {
        let mut chains = self.graph.chains(index, |at| self.is_member(at), CHAINS + 1);
        chains.sort_by_key(Vec::len);
        if chains.is_empty() {
            text.line("pulled in", "by nothing in the workspace");
        }
        let shown = chains.iter().take(CHAINS).map(|chain| {
            let named = |at: &usize| {
                let id = &self.lockfile.packages[*at].id;
                // Versions tell those apart that are locked more than once.
                let same = self.lockfile.packages.iter().filter(|other| other.id.name == id.name).count();
                if same > 1 { format!("{}@{}", id.name, id.version) } else { id.name.to_string() }
            };
            chain.iter().map(named).collect::<Vec<_>>().join(" > ")
        });
        text.lines("pulled in", shown);
        if chains.len() > CHAINS {
            text.line("", "… and more");
        }
    }

    fn is_member(&self, index: usize) -> bool {
        let id = &self.lockfile.packages[index].id;
        id.source.is_none() && self.manifest.members.iter().any(|member| member.name == id.name)
    }
}

/// Whether an exception is about a version of a package.
fn concerns(exception: &Exception, name: &str, version: &str) -> bool {
    exception.package.as_str() == name
        && exception.version.as_ref().is_none_or(|wanted| wanted.as_str() == version)
}

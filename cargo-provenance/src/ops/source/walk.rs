//! From the trusted commit forward: each commit is judged by those who were trusted before it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use provenance_build::{Moment, threads};

use super::anchor::{Anchor, Trust};
use crate::commit::{
    self, Answer, Asked, By, Commit, Id, Links, Person, Signature, Signed, Signers, Trusted, When, judge,
};
use crate::git::{GitError, History, Object};
use crate::policy::{self, Policy};
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;

/// How far a commit's date may lie before that of what it builds on, or after now: clocks of people's machines.
const SKEW: u64 = 60 * 60;

/// What is walked.
pub(super) struct Walk<'a> {
    pub(super) history: &'a History,
    pub(super) anchor: &'a Anchor,
    pub(super) accepted: &'a [Id],
    pub(super) now: Moment,
}

/// What came of it.
pub(super) struct Passed {
    /// How many commits there are.
    pub(super) commits: usize,
    /// Those that change the workspace, the oldest first.
    pub(super) verdicts: Vec<Verdict>,
    /// Who is trusted after the last one.
    pub(super) trusted: Vec<Arc<Trusted>>,
    /// When the last one was made, as far as that is believed.
    pub(super) at: Moment,
}

/// One commit that changes the workspace.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) id: Id,
    /// The address of its committer and its subject, where it can be read.
    pub(super) email: String,
    pub(super) subject: String,
    pub(super) ruling: Result<By, Fault>,
    /// What it changes about who is trusted: where it is trusted itself, that holds from here on.
    pub(super) trust: Changed,
}

/// What a commit changes about who is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    No,
    /// The new lists cannot be read, and why: the old ones count on.
    Unreadable(String),
    Yes,
}

/// Why a commit is not trusted.
#[derive(Debug)]
pub(super) enum Fault {
    /// Its date lies before that of what it builds on, or after now.
    Backdated {
        days: u64,
    },
    Malformed(&'static str),
    Postdated {
        days: u64,
    },
    /// Its key was taken from the list by a commit that is no part of its history.
    Removed {
        key: String,
        by: Id,
    },
    Signature(commit::Fault),
}

/// Where a commit stands once it is judged.
#[derive(Clone, Debug)]
struct State {
    trusted: Vec<Arc<Trusted>>,
    at: Moment,
}

/// A commit that somebody stands behind.
struct Trusting {
    id: Id,
    by: By,
    committer: Person,
    changes_trust: bool,
}

struct Step {
    id: Id,
    links: Links,
    /// The commit, where it changes the workspace.
    changes: Option<Result<Commit, &'static str>>,
}

impl Walk<'_> {
    /// Whether the trusted commit is in the history of `head`.
    pub(super) fn reaches(&self, head: &Id) -> Result<bool, GitError> {
        let old = self.ancestors(&self.anchor.since);
        let mut seen = BTreeSet::new();
        let mut open = vec![head.clone()];
        while let Some(id) = open.pop() {
            if id == self.anchor.since {
                return Ok(true);
            }
            if !old.contains(&id) && seen.insert(id.clone()) {
                open.extend(self.links(&id)?.parents);
            }
        }
        Ok(false)
    }

    pub(super) fn run(&self, head: &Id, progress: &dyn Progress) -> Result<Passed, Failure> {
        let old = self.ancestors(&self.anchor.since);
        let steps = self.steps(head, &old)?;
        let answers = self.ask(&steps, progress);
        let accepted = self.accepted.iter().flat_map(|id| self.ancestors(id)).collect::<BTreeSet<_>>();
        let start = self.start()?;
        let mut states = BTreeMap::<Id, State>::new();
        let mut passed = Passed { commits: steps.len(), verdicts: vec![], trusted: vec![], at: start.at };
        let mut trusting = vec![];
        for step in &steps {
            let before = self.before(step, &states, &start);
            let Some(changes) = &step.changes else {
                states.insert(step.id.clone(), before);
                continue;
            };
            let ruling = match changes {
                Err(why) => Err(Fault::Malformed(why)),
                Ok(commit) => self.rule(step, commit, &before, accepted.contains(&step.id), &answers),
            };
            let mut after = before.clone();
            let mut trust = Changed::No;
            if let (Ok(by), Ok(commit)) = (&ruling, changes) {
                after.at = before.at.max(Moment(commit.committer.seconds).min(self.now));
                if let Trust::Inside { .. } = self.anchor.trust {
                    trust = self.follow(step, &before, &mut after)?;
                }
                trusting.push(Trusting {
                    id: step.id.clone(),
                    by: by.clone(),
                    committer: commit.committer.clone(),
                    changes_trust: trust == Changed::Yes,
                });
            }
            let (email, subject) = match changes {
                Ok(commit) => (commit.committer.email.clone(), commit.subject.clone()),
                Err(_) => Default::default(),
            };
            passed.verdicts.push(Verdict { id: step.id.clone(), email, subject, ruling, trust });
            states.insert(step.id.clone(), after);
        }
        let of = |id: &Id| states.get(id).unwrap_or(&start).clone();
        self.recheck(&trusting, &of, &steps, &accepted, &mut passed);
        let last = of(head);
        (passed.trusted, passed.at) = (last.trusted, last.at);
        Ok(passed)
    }

    fn links(&self, id: &Id) -> Result<Links, GitError> {
        let lost = |said: &str| GitError::Damaged { commit: id.to_string(), said: said.to_owned() };
        let bytes = self.history.object(id, "commit").ok_or_else(|| lost("it is not there"))?;
        commit::links(bytes).map_err(lost)
    }

    /// A commit and what is known of its history.
    fn ancestors(&self, of: &Id) -> BTreeSet<Id> {
        let mut found = BTreeSet::new();
        let mut open = vec![of.clone()];
        while let Some(id) = open.pop() {
            if found.contains(&id) {
                continue;
            }
            if let Ok(links) = self.links(&id) {
                open.extend(links.parents);
            }
            found.insert(id);
        }
        found
    }

    /// The commits to judge, each after what it builds on.
    fn steps(&self, head: &Id, old: &BTreeSet<Id>) -> Result<Vec<Step>, Failure> {
        let mut steps = vec![];
        let mut seen = BTreeSet::new();
        let mut open = vec![(head.clone(), None)];
        while let Some((id, links)) = open.pop() {
            if let Some(links) = links {
                let changes = self
                    .changes(&id, &links)?
                    .then(|| commit::parse(self.history.object(&id, "commit").unwrap_or_default()));
                steps.push(Step { id, links, changes });
            } else if !old.contains(&id) && seen.insert(id.clone()) {
                let links = self.links(&id)?;
                let parents = links.parents.iter().rev().map(|parent| (parent.clone(), None));
                let parents = parents.collect::<Vec<_>>();
                open.push((id, Some(links)));
                open.extend(parents);
            }
        }
        Ok(steps)
    }

    /// Whether a commit has something of the workspace that any of its parents has not. A merge that takes the files of one side
    /// throws away those of the other, so that each side counts.
    fn changes(&self, id: &Id, links: &Links) -> Result<bool, GitError> {
        for path in &self.anchor.scope {
            let own = self.history.around(id, path)?;
            if links.parents.is_empty() && own != (None, vec![]) {
                return Ok(true);
            }
            for parent in &links.parents {
                if self.history.around(parent, path)? != own {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Lets other programs look at the signatures that are not judged here, several at a time.
    fn ask(&self, steps: &[Step], progress: &dyn Progress) -> BTreeMap<Id, Result<Answer, String>> {
        let asked = steps.iter().filter_map(|step| {
            let commit = step.changes.as_ref()?.as_ref().ok()?;
            match Signature::read(commit.signature.as_deref()?).ok()? {
                Signature::OpenPgp => Some((&step.id, None)),
                Signature::Ssh(signature) => {
                    signature.holds(&commit.payload).is_none().then_some((&step.id, Some(signature.key)))
                }
            }
        });
        let asked = asked.collect::<Vec<_>>();
        progress.begin("Checking", asked.len());
        let answers = threads::map(&asked, |(id, key)| {
            let answer = match key {
                None => self.history.ask_gpg(id, Object::Commit),
                Some(key) if key.is_supported() => self.history.ask_openssh(id, Object::Commit, key),
                // A kind that no file of signers can list.
                Some(_) => Ok(Answer::Bad("it is of a kind of key that is not supported")),
            };
            progress.tick();
            ((*id).clone(), answer)
        });
        progress.end();
        answers.into_iter().collect()
    }

    /// Who is trusted at the beginning.
    fn start(&self) -> Result<State, Failure> {
        let since = &self.anchor.since;
        let trusted = match &self.anchor.trust {
            Trust::Outside(trusted) => trusted.clone(),
            Trust::Inside { signers, policy } => {
                let trusted = self.trusted(since)?.map_err(|why| {
                    Failure::new(Kind::Usage, format!("at commit {}: {why}", since.short()))
                        .help("begin at a commit where it can be read")
                })?;
                if trusted == Trusted::default() {
                    let file = signers.as_deref().unwrap_or("allowed_signers");
                    return Err(Failure::new(Kind::Usage, format!("commit {} names nobody who may sign", since.short()))
                        .help(format!(
                            "commit `{file}`, name it as `signers` of `[source]` in `{policy}`, and begin at the commit that holds it; or bring \
                             the list from outside with `--signers FILE`"
                        )));
                }
                trusted
            }
        };
        Ok(State { trusted: vec![Arc::new(trusted)], at: self.date(since) })
    }

    /// When a commit of the trusted history was made.
    fn date(&self, id: &Id) -> Moment {
        let commit = self.history.object(id, "commit").and_then(|bytes| commit::parse(bytes).ok());
        commit.map_or(Moment(0), |commit| Moment(commit.committer.seconds).min(self.now))
    }

    /// What holds before a commit: everything that holds after any of those that it builds on.
    fn before(&self, step: &Step, states: &BTreeMap<Id, State>, start: &State) -> State {
        let mut before = State { trusted: vec![], at: Moment(0) };
        for parent in &step.links.parents {
            let state = states.get(parent).unwrap_or(start);
            let at = if states.contains_key(parent) { state.at } else { self.date(parent) };
            before.at = before.at.max(at);
            for trusted in &state.trusted {
                if !before.trusted.contains(trusted) {
                    before.trusted.push(trusted.clone());
                }
            }
        }
        // A history that begins anew stands on nothing but what was trusted.
        if before.trusted.is_empty() { start.clone() } else { before }
    }

    fn rule(
        &self,
        step: &Step,
        commit: &Commit,
        before: &State,
        is_accepted: bool,
        answers: &BTreeMap<Id, Result<Answer, String>>,
    ) -> Result<By, Fault> {
        if let Some(fault) = odd_time(commit.committer.seconds, before.at, self.now) {
            return Err(fault);
        }
        let signed = Signed {
            signature: commit.signature.as_deref(),
            payload: &commit.payload,
            email: &commit.committer.email,
        };
        let trusted = before.trusted.iter().map(|it| &**it).collect::<Vec<_>>();
        let ask = |_: Asked<'_>| {
            answers.get(&step.id).cloned().unwrap_or_else(|| Err("nobody was asked".to_owned()))
        };
        let when = self.when(commit.committer.seconds, before.at, is_accepted);
        judge(signed, &trusted, when, &ask).map_err(Fault::Signature)
    }

    /// What was accepted when its key was valid is judged by then, everything else by now as well: otherwise an old key and a date of
    /// one's own choice would do.
    fn when(&self, seconds: u64, before: Moment, is_accepted: bool) -> When {
        let at = Moment(seconds).max(before);
        When { at, end: if is_accepted { at } else { at.max(self.now) } }
    }

    /// Takes over what a trusted commit says about who is trusted.
    fn follow(&self, step: &Step, before: &State, after: &mut State) -> Result<Changed, Failure> {
        let is_same = |parent: &Id| -> Result<bool, GitError> {
            for file in self.anchor.files() {
                if self.history.at(parent, &file)? != self.history.at(&step.id, &file)? {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        if let ([only], [_]) = (&step.links.parents[..], &before.trusted[..])
            && is_same(only)?
        {
            return Ok(Changed::No);
        }
        Ok(match self.trusted(&step.id)? {
            Err(why) => Changed::Unreadable(why),
            Ok(trusted) => {
                let is_new = before.trusted.iter().any(|it| **it != trusted);
                after.trusted = vec![Arc::new(trusted)];
                if is_new { Changed::Yes } else { Changed::No }
            }
        })
    }

    /// Who is trusted by what a commit holds; the inner error says why that cannot be read.
    fn trusted(&self, id: &Id) -> Result<Result<Trusted, String>, Failure> {
        let Trust::Inside { signers, policy } = &self.anchor.trust else { return Ok(Ok(Trusted::default())) };
        let rules = match self.history.file(id, policy)? {
            Some(bytes) => Policy::source_rules_of(bytes, Path::new(policy::FILE_NAME)),
            None => Ok(None),
        };
        let rules = match rules {
            Ok(rules) => rules.unwrap_or_default(),
            Err(error) => return Ok(Err(error.to_string())),
        };
        let bytes = match signers {
            Some(file) => self.history.file(id, file)?.unwrap_or_default(),
            None => &[],
        };
        let file = signers.as_deref().unwrap_or_default();
        Ok(match Signers::parse(bytes) {
            Ok(signers) => {
                Ok(Trusted { signers, openpgp: rules.openpgp.into_iter().map(|at| at.value).collect() })
            }
            Err(error) => Err(format!("`{file}`: {error}")),
        })
    }

    /// Judges once more what lies beside a change of the list: whoever was taken from it there must not go on from an older point.
    fn recheck(
        &self,
        trusting: &[Trusting],
        states: &dyn Fn(&Id) -> State,
        steps: &[Step],
        accepted: &BTreeSet<Id>,
        passed: &mut Passed,
    ) {
        for change in trusting.iter().filter(|it| it.changes_trust) {
            let parents =
                steps.iter().filter(|step| step.id == change.id).flat_map(|step| &step.links.parents);
            let before = parents.flat_map(|parent| states(parent).trusted).collect::<Vec<_>>();
            let after = states(&change.id).trusted;
            let mut related = self.ancestors(&change.id);
            // Each step stands after those that it builds on.
            let mut below = BTreeSet::from([change.id.clone()]);
            for step in steps {
                if step.links.parents.iter().any(|parent| below.contains(parent)) {
                    below.insert(step.id.clone());
                }
            }
            related.extend(below);
            for other in trusting.iter().filter(|it| !related.contains(&it.id)) {
                let Trusting { id, by, committer, .. } = other;
                let when = self.when(committer.seconds, Moment(0), accepted.contains(id));
                let knew = before.iter().any(|trusted| trusted.knows(by));
                if !knew || after.iter().all(|trusted| trusted.counts(by, &committer.email, when)) {
                    continue;
                }
                if let Some(verdict) = passed.verdicts.iter_mut().find(|verdict| verdict.id == *id) {
                    verdict.ruling = Err(Fault::Removed { key: by.to_string(), by: change.id.clone() });
                }
            }
        }
    }
}

/// What is wrong with the date of something that builds on what was made at `before`.
pub(super) fn odd_time(seconds: u64, before: Moment, now: Moment) -> Option<Fault> {
    let days = |seconds: u64| seconds / 86_400;
    if seconds > now.0.saturating_add(SKEW) {
        return Some(Fault::Postdated { days: days(seconds - now.0) });
    }
    (seconds.saturating_add(SKEW) < before.0).then(|| Fault::Backdated { days: days(before.0 - seconds) })
}

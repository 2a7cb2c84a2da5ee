//! What a package review says, read from the body of its proof.

use std::collections::BTreeMap;

use super::yaml::Node;
use super::{Digest, Instant};
use crate::model::{Rating, ReviewLevel as Level};

/// The only version of the format that there is.
const VERSION: &str = "-1";

/// Issues and advisories of one review, and ids of each.
const NOTICES: usize = 256;

/// A review of a package that somebody signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// When.
    pub date: Instant,
    /// What was reviewed.
    pub package: Subject,
    /// What it was compared with: then only what changed since was reviewed.
    pub base: Option<Subject>,
    /// How much time it took.
    pub thoroughness: Level,
    /// How much of it was understood.
    pub understanding: Level,
    /// What came of it.
    pub rating: Rating,
    /// Problems of this version, and of later ones.
    pub issues: Vec<Notice>,
    /// Problems of versions before, which this one mends.
    pub advisories: Vec<Notice>,
    /// Whether a language model reviewed it.
    pub by_agent: bool,
    /// Whatever else was written.
    pub comment: Option<String>,
    /// Where it stands: a file with a line.
    pub place: String,
}

/// A package that a review is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Where it comes from.
    pub source: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: semver::Version,
    /// Its contents.
    pub digest: Digest,
}

/// A problem that a review tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it is called, here and elsewhere.
    pub ids: Vec<String>,
    /// Which versions, starting from the reviewed one.
    pub reach: Reach,
    /// Whatever else was written.
    pub comment: Option<String>,
}

/// How far from the reviewed version a problem reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// As far as there are versions.
    All,
    /// Versions with the same first number.
    Major,
    /// Versions with the same two first numbers.
    Minor,
}

/// A body that is no review: of another kind, or one that cannot be read.
pub(super) enum NoReview {
    OfAnotherKind,
    /// Why, and what can be told of it.
    Unreadable(Unreadable),
}

/// What can be told of a review that cannot be read.
pub(super) struct Unreadable {
    pub(super) what: String,
    /// The crate, if that much is known.
    pub(super) krate: Option<String>,
    /// The version.
    pub(super) version: Option<semver::Version>,
    /// Whether it may say something against the crate.
    pub(super) may_warn: bool,
}

impl Review {
    /// Reads a body. `kind` is what the lines around it say, for the time when bodies did not.
    pub(super) fn read(body: &Node, kind: Option<&str>, place: &str) -> Result<Self, NoReview> {
        let signed = body.get("kind").and_then(Node::text);
        let is_review = match (signed, kind) {
            (Some(kind), _) => kind == "package review",
            // A review of single files has them, whatever the unsigned lines around it say.
            (None, kind) => kind == Some("package review") && body.get("files").is_none(),
        };
        if !is_review && body.get("kind").is_none_or(|kind| kind.text().is_some()) {
            return Err(NoReview::OfAnotherKind);
        }
        let package = body.get("package");
        fields(body, place).map_err(|what| {
            let text = |key| package.and_then(|package| package.get(key)).and_then(Node::text);
            NoReview::Unreadable(Unreadable {
                what,
                krate: text("name").map(str::to_owned),
                version: text("version").and_then(|version| semver::Version::parse(version).ok()),
                may_warn: may_warn(body),
            })
        })
    }

    /// Whether it says something against a version.
    pub fn warns(&self) -> bool {
        self.rating == Rating::Negative || !self.issues.is_empty() || !self.advisories.is_empty()
    }
}

/// Whether a body that cannot be read, or whose signature is not right, could be a warning.
pub(super) fn may_warn(body: &Node) -> bool {
    let rating = body.get("review").map_or(Some(Rating::Neutral), |review| rating(review).ok());
    let has = |key| body.get(key).is_some_and(|value| *value != Node::List(vec![]));
    rating.is_none_or(|rating| rating == Rating::Negative)
        || ["advisories", "advisory", "issues"].into_iter().any(has)
}

/// The newest review of each version of a package, and those of the same moment: who reviews a version again takes back what they
/// said of it before.
pub fn latest(reviews: Vec<Review>) -> Vec<Review> {
    let mut newest: BTreeMap<_, Vec<Review>> = BTreeMap::new();
    for review in reviews {
        let Subject { source, name, version, .. } = &review.package;
        let known = newest.entry((source.clone(), name.clone(), version.clone())).or_default();
        match known.first().map(|first| review.date.cmp(&first.date)) {
            Some(std::cmp::Ordering::Less) => {}
            Some(std::cmp::Ordering::Greater) => *known = vec![review],
            Some(std::cmp::Ordering::Equal) | None => known.push(review),
        }
    }
    newest.into_values().flatten().collect()
}

fn fields(body: &Node, place: &str) -> Result<Review, String> {
    let kind = body.get("kind");
    if kind.is_some_and(|kind| kind.text().is_none()) {
        return Err("its `kind` is no text".to_owned());
    }
    if text(body, "version")? != VERSION {
        return Err("its `version` is not the one that is known".to_owned());
    }
    let date = Instant::parse(text(body, "date")?).ok_or("its `date` is no point in time")?;
    let package = subject(body.get("package").ok_or("it has no `package`")?)?;
    let base = body.get("package-diff-base").map(subject).transpose()?;
    if base.as_ref().is_some_and(|base| (&base.source, &base.name) != (&package.source, &package.name)) {
        return Err("its `package-diff-base` is another package".to_owned());
    }
    let (mut rated, mut levels) = (Rating::Neutral, (Level::None, Level::None));
    if let Some(review) = body.get("review") {
        rated = rating(review)?;
        levels = (level(review, "thoroughness")?, level(review, "understanding")?);
    }
    let mut advisories = notices(body, "advisories", "ids")?;
    // What advisories were before there could be several.
    if let Some(old) = body.get("advisory") {
        advisories.push(Notice { ids: vec![], reach: reach(old.get("affected"))?, comment: None });
    }
    Ok(Review {
        date,
        package,
        base,
        thoroughness: levels.0,
        understanding: levels.1,
        rating: rated,
        issues: notices(body, "issues", "id")?,
        advisories,
        by_agent: body.get("llm-agent").is_some(),
        comment: body.get("comment").and_then(Node::text).filter(|text| !text.is_empty()).map(str::to_owned),
        place: place.to_owned(),
    })
}

fn subject(node: &Node) -> Result<Subject, String> {
    if node.get("digest-type").is_some_and(|kind| kind.text() != Some("blake2b")) {
        return Err("its `digest-type` is not `blake2b`".to_owned());
    }
    let name = text(node, "name")?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_name) {
        return Err("its `name` is no name of a crate".to_owned());
    }
    let version = semver::Version::parse(text(node, "version")?);
    Ok(Subject {
        source: text(node, "source")?.to_owned(),
        name: name.to_owned(),
        version: version.map_err(|error| format!("its `version` is no version: {error}"))?,
        digest: Digest::parse(text(node, "digest")?).ok_or("its `digest` is no digest")?,
    })
}

fn text<'n>(node: &'n Node, key: &str) -> Result<&'n str, String> {
    node.get(key).and_then(Node::text).ok_or_else(|| format!("it has no `{key}`"))
}

fn rating(review: &Node) -> Result<Rating, String> {
    Rating::parse(text(review, "rating")?).ok_or_else(|| "its `rating` is none".to_owned())
}

fn level(review: &Node, key: &str) -> Result<Level, String> {
    Level::parse(text(review, key)?).ok_or_else(|| format!("its `{key}` is no level"))
}

fn notices(body: &Node, key: &str, ids: &str) -> Result<Vec<Notice>, String> {
    let list = match body.get(key) {
        None => return Ok(vec![]),
        Some(Node::List(list)) if list.len() <= NOTICES => list,
        Some(_) => return Err(format!("its `{key}` is no list, or too long")),
    };
    let notice = |node: &Node| {
        let ids = match node.get(ids) {
            Some(Node::Text(id)) => Some(vec![id.clone()]),
            Some(Node::List(ids)) if ids.len() <= NOTICES => {
                ids.iter().map(|id| id.text().map(str::to_owned)).collect()
            }
            _ => None,
        };
        Ok(Notice {
            ids: ids.ok_or_else(|| format!("one of its `{key}` has no `id`"))?,
            reach: reach(node.get("range"))?,
            comment: node.get("comment").and_then(Node::text).map(str::to_owned),
        })
    };
    list.iter().map(notice).collect()
}

fn reach(node: Option<&Node>) -> Result<Reach, String> {
    match node.map(Node::text) {
        None | Some(Some("all")) => Ok(Reach::All),
        Some(Some("major")) => Ok(Reach::Major),
        Some(Some("minor")) => Ok(Reach::Minor),
        Some(_) => Err("one of its `range`s is none".to_owned()),
    }
}

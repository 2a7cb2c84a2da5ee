//! Excerpts of cargo's index caches, for a scratch cargo home: what a registry said of a few versions, in its own words.

use std::collections::BTreeSet;

use provenance_build::Version;
use serde_json::{Value, json};

use super::records;

/// What an excerpt says of dependencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependencies {
    /// What the index says.
    Kept,
    /// That there are none, so that cargo fetches a version and nothing that it needs.
    LeftOut,
}

/// What of a cache is about `versions`, in the format of the cache; nothing where it has none of them.
pub fn of(cache: &[u8], versions: &BTreeSet<&Version>, dependencies: Dependencies) -> Option<Vec<u8>> {
    let records = records(cache).ok()?;
    let mut excerpt = records.head.to_vec();
    excerpt.push(0);
    let mut found = false;
    for (version, line) in records.versions {
        if !versions.iter().any(|wanted| wanted.as_str().as_bytes() == version) {
            continue;
        }
        let line = match dependencies {
            Dependencies::Kept => line.to_vec(),
            Dependencies::LeftOut => independent(line)?,
        };
        for field in [version, &line] {
            excerpt.extend_from_slice(field);
            excerpt.push(0);
        }
        found = true;
    }
    found.then_some(excerpt)
}

/// The line of a version without everything that leads to other packages.
fn independent(line: &[u8]) -> Option<Vec<u8>> {
    let mut line: Value = serde_json::from_slice(line).ok()?;
    let fields = line.as_object_mut()?;
    fields.insert("deps".into(), json!([]));
    fields.insert("features".into(), json!({}));
    fields.remove("features2");
    fields.remove("links");
    Some(line.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use provenance_build::PackageName;

    use super::super::parse_cache;
    use super::*;
    use crate::model::Release;
    use crate::samples::{line, write_cache};

    fn versions(versions: &[&str]) -> Vec<Version> {
        versions.iter().map(|version| Version::parse(version).expect("valid")).collect()
    }

    fn excerpt(cache: &[u8], wanted: &[&str], dependencies: Dependencies) -> Option<Vec<u8>> {
        of(cache, &versions(wanted).iter().collect(), dependencies)
    }

    #[test]
    fn an_excerpt_has_the_wanted_versions_in_the_words_of_the_index() {
        let lines = ["1.0.0", "1.1.0", "2.0.0"].map(|version| (version, line("a", version, "ab")));
        let records = lines.iter().map(|(version, line)| (*version, line.as_str())).collect::<Vec<_>>();
        let cache = write_cache(&records);
        let kept = excerpt(&cache, &["2.0.0", "1.0.0", "3.0.0"], Dependencies::Kept).expect("found");
        assert_eq!(kept, write_cache(&[records[0], records[2]]));
        assert_eq!(excerpt(&cache, &["3.0.0"], Dependencies::Kept), None);
    }

    #[test]
    fn a_version_can_stand_alone() {
        let line = line("a", "1.0.0", "ab").replace(
            "\"deps\":[],",
            "\"deps\":[{\"name\":\"b\",\"req\":\"^1\"}],\"features2\":{\"x\":[\"dep:b\"]},\"v\":2,\"links\":\"z\",",
        );
        let cache = write_cache(&[("1.0.0", &line)]);
        let alone = excerpt(&cache, &["1.0.0"], Dependencies::LeftOut).expect("found");
        let text = String::from_utf8_lossy(&alone);
        assert!(text.contains("\"deps\":[]") && text.contains("\"v\":2"), "{text}");
        assert!(!text.contains("features2") && !text.contains("links"), "{text}");
        let name = PackageName::parse("a").expect("valid");
        let one = |bytes: &[u8]| parse_cache(bytes, &name).expect("a cache").versions.remove(0);
        let bare = Release { dependencies: vec![], features: vec![], links: None, ..one(&cache) };
        assert_eq!(one(&alone), bare);
    }

    #[test]
    fn nothing_is_taken_from_what_cannot_be_read() {
        let cache = write_cache(&[("1.0.0", "[")]);
        assert_eq!(excerpt(&cache, &["1.0.0"], Dependencies::LeftOut), None);
        assert_eq!(excerpt(&cache[1..], &["1.0.0"], Dependencies::Kept), None);
        assert_eq!(excerpt(&cache[..cache.len() - 1], &["1.0.0"], Dependencies::Kept), None);
    }
}

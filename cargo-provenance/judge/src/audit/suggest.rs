//! Which reviews would close a gap: `suggest_delta` of cargo-vet 0.10, before sizes are compared.

use std::collections::BTreeSet;
use std::ops::Bound;

use super::{Gap, VetVersion};

/// A review that nobody has done yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Review {
    /// The version whose differences are to be looked at; everything where there is none.
    pub from: Option<VetVersion>,
    /// The version that is to be vouched for.
    pub to: VetVersion,
}

impl Gap {
    /// The reviews of which one is enough for `package`, where `has_sources` says which versions can be looked at. For each
    /// version that would do, those from the nearest known ones below and above; from nothing where there is none below.
    ///
    /// A commit is compared with the release of its version, so it may take that release's review and one more.
    pub fn reviews(&self, package: &VetVersion, has_sources: impl Fn(&VetVersion) -> bool) -> Vec<Review> {
        let can_be_seen = |version: &&VetVersion| match version.git {
            Some(_) => *version == package,
            None => has_sources(version),
        };
        let known = self.known.iter().filter(can_be_seen).collect::<BTreeSet<_>>();
        let mut wanted = self.wanted.iter().filter(can_be_seen).collect::<BTreeSet<_>>();
        wanted.insert(package);
        let release = VetVersion { git: None, ..package.clone() };
        let mut reviews = vec![];
        if package.git.is_some() && has_sources(&release) && !known.contains(&release) {
            wanted.remove(package);
            if wanted.insert(&release) {
                reviews.push(Review { from: Some(release.clone()), to: package.clone() });
            }
        }
        for to in wanted {
            let below = known.range::<&VetVersion, _>((Bound::Unbounded, Bound::Excluded(to))).next_back();
            let above = known.range::<&VetVersion, _>((Bound::Excluded(to), Bound::Unbounded)).next();
            reviews.push(Review { from: below.copied().cloned(), to: to.clone() });
            reviews.extend(above.map(|above| Review { from: Some((*above).clone()), to: to.clone() }));
        }
        reviews
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> VetVersion {
        VetVersion::parse(text).expect(text)
    }

    fn reviews(known: &[&str], wanted: &[&str], package: &str, gone: &str) -> Vec<String> {
        let versions = |list: &[&str]| list.iter().map(|text| version(text)).collect();
        let gap = Gap { known: versions(known), wanted: versions(wanted) };
        let reviews = gap.reviews(&version(package), |version| version.to_string() != gone).into_iter();
        let from = |review: &Review| review.from.as_ref().map_or("-".to_owned(), VetVersion::to_string);
        reviews.map(|review| format!("{} > {}", from(&review), review.to)).collect()
    }

    #[test]
    fn the_nearest_known_versions_are_suggested() {
        let known = ["0.9.0", "1.0.0", "1.2.0", "2.0.0"];
        assert_eq!(reviews(&known, &["1.1.0"], "1.1.0", ""), ["1.0.0 > 1.1.0", "1.2.0 > 1.1.0"]);
        assert_eq!(reviews(&known, &["1.1.0"], "1.1.0", "1.0.0"), ["0.9.0 > 1.1.0", "1.2.0 > 1.1.0"]);
        assert_eq!(reviews(&[], &["1.0.0"], "1.0.0", ""), ["- > 1.0.0"]);
        let both = ["- > 0.5.0", "0.9.0 > 0.5.0", "2.0.0 > 3.0.0"];
        assert_eq!(reviews(&known, &["3.0.0", "0.5.0"], "3.0.0", ""), both);
    }

    #[test]
    fn a_commit_is_compared_with_its_release() {
        let commit = format!("1.0.0@git:{}", "a".repeat(40));
        let steps = [format!("1.0.0 > {commit}"), "0.9.0 > 1.0.0".to_owned()];
        assert_eq!(reviews(&["0.9.0"], &[&commit], &commit, ""), steps);
        assert_eq!(reviews(&["1.0.0"], &[&commit], &commit, ""), [format!("1.0.0 > {commit}")]);
        assert_eq!(reviews(&["0.9.0"], &[&commit], &commit, "1.0.0"), [format!("0.9.0 > {commit}")]);
    }
}

//! `size-jump`: a version that is much larger than the one before.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// How many times as large, and how many bytes larger: two of 1,000 measured steps are.
const TIMES: u64 = 10;
const BYTES: u64 = 1_000_000;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "size-jump",
    group: Group::Content,
    needs: Needs::Survey,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A version that unpacks to ten times as much as the one before, and to a megabyte more.

Something large came in that was not there: a payload, or test data that was forgotten (tracing 0.1.44). Look at what is new.
`native-executable` says which version a package is compared with; where that is not at hand, nothing is noted.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let (Some(survey), Some(previous)) = (dossier.survey.known(), dossier.previous.known()) else {
        return vec![];
    };
    let (before, now) = (previous.survey.content.size, survey.content.size);
    if now < before.saturating_mul(TIMES) || now - before < BYTES {
        return vec![];
    }
    let kilobytes = |bytes: u64| bytes.div_ceil(1_000);
    vec![Observation::new(format!(
        "`{}` unpacks to {} kB, and `{}` to {} kB",
        dossier.id.short(),
        kilobytes(now),
        previous.version,
        kilobytes(before)
    ))]
}

#[cfg(test)]
mod tests {
    use provenance_build::Version;

    use super::super::samples::{Case, of_check, release, with};
    use crate::model::Evidence;

    #[test]
    fn ten_times_and_a_megabyte_are_a_jump() {
        for (before, now, expected) in
            [(200_000, 2_500_000, 1), (50_000, 900_000, 0), (2_000_000, 9_000_000, 0), (2_000_000, 100, 0)]
        {
            // Noise, which no limit on archives takes for a bomb.
            let noise = |length: u64| {
                (0..length).map(|at| blake3::hash(&at.to_le_bytes()).as_bytes()[0]).collect::<Vec<_>>()
            };
            let mut case = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
            case.archive(with("", &[("a", &noise(now))]));
            let version = Version::parse("0.9.0").expect("a version");
            case.before = Evidence::Known((version, with("", &[("a", &noise(before))]).build()));
            assert_eq!(of_check("size-jump", &case.judged()).len(), expected, "{before} {now}");
        }
    }
}

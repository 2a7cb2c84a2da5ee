//! A list for `certify --batch` that somebody fills in: every entry is commented out until they have done the review.

use std::fmt::Write as _;

use crate::model::is_harmful;
use crate::report::reviews::MissingReview;

/// The list.
pub(super) fn text(reviews: &[MissingReview]) -> String {
    let mut text = "# Reviews that are missing, the cheapest first. Remove the `#` before the lines of those that you did, then run\n\
                    # `cargo provenance certify --batch FILE`.\n"
        .to_owned();
    for review in reviews {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n# {}", one_line(&format!("{}: {}", review.what(), review.effort())));
        let [shows, _] = &review.commands;
        for line in review.hints.iter().chain([shows]) {
            let _ = writeln!(text, "# {}", one_line(line));
        }
        let _ = writeln!(text, "#[[review]]\n#crate = \"{}\"", review.krate);
        match &review.from {
            Some(from) => {
                let _ = writeln!(text, "#from = \"{from}\"\n#to = \"{}\"", review.to);
            }
            None => {
                let _ = writeln!(text, "#version = \"{}\"", review.to);
            }
        }
        let criteria = review.criteria.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "#criteria = [{criteria}]\n#notes = \"\"");
    }
    text
}

/// What stands in a comment. Sets of others name crates as they like, and what follows a line break would be a review that is done.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if is_harmful(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_line_breaks_records_no_review() {
        let done = "x\n[[review]]\ncrate = 'evil'\nversion = '1.0.0'\n\r\u{2028}";
        let review = MissingReview {
            krate: "a".to_owned(),
            to: "1.0.0".to_owned(),
            criteria: vec![done.to_owned()],
            after: Some(done.to_owned()),
            hints: vec![format!("`ann` published it, and is trusted for {done}")],
            commands: [format!("cargo provenance diff a {done}"), String::new()],
            ..MissingReview::default()
        };
        let text = text(&[review]);
        assert!(text.split(['\n', '\r']).all(|line| line.is_empty() || line.starts_with('#')), "{text}");
    }
}

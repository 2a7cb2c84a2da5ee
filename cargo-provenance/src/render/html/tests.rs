//! The page, from a ledger and a report.

use proptest::prelude::*;

use super::super::tests::hostile;
use super::*;
use crate::model::Date;
use crate::report::ledger::Accepted;

fn entry(name: &str, standing: Standing, dependencies: &[usize]) -> Entry {
    Entry {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        from: "crates.io".to_owned(),
        standing,
        build_time: vec![],
        published: Date::parse("2026-01-01"),
        license: Some("MIT".to_owned()),
        vetted: None,
        repository: None,
        accepted: vec![],
        baseline: vec![],
        dependencies: dependencies.to_vec(),
    }
}

fn ledger(packages: Vec<Entry>) -> Ledger {
    Ledger {
        workspace: "shop".to_owned(),
        on: Date::parse("2026-03-01").expect("a date"),
        packages,
        exceptions: vec![],
    }
}

fn own() -> Standing {
    Standing::Own("app".to_owned())
}

fn passed() -> Standing {
    Standing::Pinned(Trust::Policy, vec![])
}

#[test]
fn a_package_unfolds_once_and_is_linked_elsewhere() {
    let packages = vec![
        entry("app", own(), &[1, 2]),
        entry("serde", passed(), &[3]),
        entry("toml", passed(), &[1, 3]),
        entry("itoa", passed(), &[]),
        entry("lost", passed(), &[]),
    ];
    let page = page(&Report::new("report"), &ledger(packages));
    for index in 0..5 {
        assert_eq!(page.matches(&format!("id=\"g{index}\"")).count(), 1, "{index}");
    }
    assert!(page.contains("also needs <a href=\"#g1\">serde</a>, <a href=\"#g3\">itoa</a>"), "{page}");
    assert!(page.contains("needed by nothing here</h3>\n<ul><li class=\"leaf\"><a id=\"g4\""), "{page}");
    assert_eq!(page.matches("<ul").count(), page.matches("</ul>").count());
    assert_eq!(page.matches("<details").count(), page.matches("</details>").count());
}

#[test]
fn a_cycle_and_a_chain_without_end_are_written() {
    let length = 50_000;
    let mut packages = vec![entry("app", own(), &[1])];
    packages.extend((1..length).map(|index| entry("x", passed(), &[(index + 1) % length])));
    let tree = tree::tree(&ledger(packages));
    assert_eq!(tree.matches("<details").count(), LEVELS_SHOWN);
    assert_eq!(tree.matches("class=\"badge").count(), length);
}

const LEVELS_SHOWN: usize = 64;

#[test]
fn exceptions_say_when_they_end() {
    let exception = |expires: &str| Exemption {
        check: "vulnerability".to_owned(),
        package: "paste 1.0.15".to_owned(),
        reason: "no <b>replacement</b>".to_owned(),
        expires: Date::parse(expires).expect("a date"),
    };
    let exceptions = ["2026-02-28", "2026-03-02", "2026-12-31"].map(exception).to_vec();
    let page = page(&Report::new("report"), &Ledger { exceptions, ..ledger(vec![]) });
    for expected in ["expired", ">1 day<", "10 months", "no &lt;b&gt;replacement&lt;/b&gt;"] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
}

#[test]
fn what_counts_is_told_in_words_too() {
    let packages = vec![
        entry("a", passed(), &[]),
        entry("b", Standing::Unpinned, &[]),
        entry("c", Standing::Pinned(Trust::Audit, vec!["mozilla".to_owned()]), &[]),
    ];
    let page = page(&Report::new("report"), &ledger(packages));
    assert!(page.contains("aria-label=\"1 reviewed, 1 passed checks, 1 not pinned\""), "{page}");
    assert!(page.contains("reviewed</span> by mozilla"), "{page}");
    assert!(page.contains("59 days ago"), "{page}");
}

/// The tags of the page, outside of style and script.
fn tags(page: &str) -> Vec<&str> {
    let body = page.replace(STYLE, "").replace(SCRIPT, "");
    let tags = body.split('<').skip(1).map(|part| part.split(['>', ' ', '\n']).next().unwrap_or_default());
    tags.map(|tag| match tag.trim_start_matches('/') {
        "" => "?",
        tag => TAGS.iter().find(|known| **known == tag).unwrap_or(&"?"),
    })
    .collect()
}

const TAGS: [&str; 38] = [
    "!DOCTYPE", "a", "article", "b", "body", "br", "caption", "code", "details", "div", "footer", "h1", "h2",
    "h3", "head", "header", "html", "li", "main", "meta", "nav", "p", "rect", "script", "section", "span",
    "strong", "style", "summary", "svg", "table", "tbody", "td", "th", "thead", "title", "tr", "ul",
];

proptest! {
    #[test]
    fn no_text_becomes_markup(
        words in "[ -~\\n]{0,40}|\\PC{0,20}|</?(script|b|!--)>|\" onload=x|' y=z",
        path in any::<String>(),
    ) {
        let accepted = Accepted { check: words.clone(), by: words.clone(), on: words.clone(), reason: words.clone() };
        let odd = Entry {
            version: words.clone(),
            from: words.clone(),
            license: Some(words.clone()),
            vetted: Some(words.clone()),
            repository: Some(words.clone()),
            accepted: vec![accepted],
            ..entry(&words, Standing::Pinned(Trust::Audit, vec![words.clone()]), &[0, 7])
        };
        let odd_one = entry(&words, Standing::Own(words.clone()), &[0]);
        let ledger = Ledger { workspace: words.clone(), ..ledger(vec![odd, odd_one]) };
        let plain = Ledger { workspace: "w".to_owned(), ..ledger.clone() };
        let page = page(&hostile(&words, &path), &ledger);
        prop_assert!(!tags(&page).contains(&"?"), "{}", page);
        prop_assert_eq!(tags(&page).iter().filter(|tag| **tag == "script").count(), 2);
        // As many attributes as with harmless text: nothing left its quotes.
        let quotes = |page: &str| page.matches('"').count();
        prop_assert_eq!(quotes(&page) % 2, 0);
        prop_assert_eq!(quotes(&page), quotes(&super::page(&hostile(&words, &path), &plain)));
        prop_assert!(!page.chars().any(|c| c != '\n' && sanitize::is_harmful(c)));
    }
}

//! A page that people open in a browser: one file that loads nothing from anywhere.
//!
//! All text goes through `text`. Should something get through it all the same, the page's own content security policy lets no
//! script and no style act but the two whose digests it names (Content Security Policy Level 3, section 6.7.3), and nothing be loaded.

mod packages;
mod tree;

use sha2::{Digest, Sha256};

use super::sanitize;
use crate::finding::{Finding, Weight};
use crate::report::ledger::{Entry, Exemption, Ledger, Standing, Trust};
use crate::report::{Outcome, Report, plural};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Days before its end in which an exception is worth a second look.
const SOON: i64 = 30;

/// The page about a workspace.
pub fn page(report: &Report, ledger: &Ledger) -> String {
    let title = format!("Dependencies of {}", text(&ledger.workspace));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{}'; script-src '{}'; \
         base-uri 'none'; form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        digest(STYLE),
        digest(SCRIPT),
    );
    page.push_str("<a class=\"skip\" href=\"#packages\">Skip to the packages</a>\n");
    page.push_str(&format!("<header>\n<h1>{title}</h1>\n<p class=\"soft\">as of {}</p>\n", ledger.on));
    page.push_str(&verdict(report));
    page.push_str(NAVIGATION);
    page.push_str("</header>\n<main>\n");
    page.push_str(&figures(ledger));
    page.push_str(&trust(ledger));
    page.push_str(&findings(report));
    page.push_str(&living_with(report, ledger));
    page.push_str(&packages::table(ledger));
    page.push_str(&packages::licenses(ledger));
    page.push_str(&tree::tree(ledger));
    page.push_str(&not_checked(report));
    page.push_str(
        "</main>\n<footer><p>Written by <code>cargo provenance report</code>. What the words mean: \
         <code>cargo provenance explain</code>, with a finding's name or a package's.</p></footer>\n",
    );
    page.push_str(&format!("<script>{SCRIPT}</script>\n</body>\n</html>\n"));
    page
}

const NAVIGATION: &str = "<nav aria-label=\"Sections\"><ul>\
<li><a href=\"#trust\">Who vouches</a></li><li><a href=\"#findings\">Findings</a></li>\
<li><a href=\"#living\">Living with</a></li><li><a href=\"#packages\">Packages</a></li>\
<li><a href=\"#licenses\">Licenses</a></li><li><a href=\"#graph\">Who pulls in what</a></li>\
<li><a href=\"#unchecked\">Not checked</a></li></ul></nav>\n";

/// Text that is nothing but text, in an element or in a quoted attribute.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in sanitize::line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The same, with what stands between backticks as code.
fn prose(line: &str) -> String {
    let parts = line.split('`').enumerate().map(|(number, part)| match number % 2 {
        0 => text(part),
        _ => format!("<code>{}</code>", text(part)),
    });
    parts.collect()
}

fn digest(source: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(source)))
}

fn base64(bytes: &[u8]) -> String {
    use base64ct::{Base64, Encoding as _};
    Base64::encode_string(bytes)
}

fn verdict(report: &Report) -> String {
    let (class, words) = match report.outcome {
        Outcome::Fine => ("fine", "The gate is satisfied"),
        Outcome::Refused => ("refused", "The policy refuses this state"),
        Outcome::Undecided => ("undecided", "This could not be decided"),
        Outcome::Drift => ("drift", "Pins, lockfile and sources disagree"),
        Outcome::Distrusted => ("distrusted", "A signature or a key did not hold"),
        Outcome::Program(_) => ("undecided", "A program failed"),
    };
    let conclusion = prose(&super::conclusion(report));
    format!("<div class=\"verdict {class}\" role=\"status\"><strong>{words}</strong>{conclusion}</div>\n")
}

fn figures(ledger: &Ledger) -> String {
    let third = || ledger.packages.iter().filter(|entry| !matches!(entry.standing, Standing::Own(_)));
    let mut ages = third().filter_map(|entry| age(ledger, entry)).collect::<Vec<_>>();
    ages.sort_unstable();
    let median = ages.get(ages.len() / 2).map_or_else(|| "unknown".to_owned(), |days| span(*days));
    let figures = [
        (third().count().to_string(), "packages of others"),
        ((ledger.packages.len() - third().count()).to_string(), "packages of the team"),
        (
            third().filter(|entry| !entry.build_time.is_empty()).count().to_string(),
            "run code while compiling",
        ),
        (median, "median age of a release"),
        (ledger.exceptions.len().to_string(), "exceptions of the policy"),
    ];
    let items = figures.map(|(number, what)| format!("<li><b>{number}</b>{what}</li>"));
    format!("<ul class=\"figures\">{}</ul>\n", items.concat())
}

/// Days since a package was published.
fn age(ledger: &Ledger, entry: &Entry) -> Option<i64> {
    Some(ledger.on.days_since(entry.published?).max(0))
}

/// A number of days as people say it.
fn span(days: i64) -> String {
    match days {
        ..60 => plural(days.max(0) as usize, "day"),
        60..730 => format!("{} months", days / 30),
        _ => format!("{} years", days / 365),
    }
}

/// The class and the word of a package's standing.
fn standing(entry: &Entry) -> (&'static str, &'static str) {
    match &entry.standing {
        Standing::Own(_) => ("own", "own"),
        Standing::Pinned(trust, _) => (class(*trust), trust.name()),
        Standing::Unpinned => ("unpinned", "not pinned"),
    }
}

fn class(trust: Trust) -> &'static str {
    match trust {
        Trust::Accepted => "accepted",
        Trust::Audit => "audit",
        Trust::Baseline => "baseline",
        Trust::Policy => "policy",
        Trust::Publisher => "publisher",
    }
}

fn badge(entry: &Entry) -> String {
    let (class, word) = standing(entry);
    format!("<span class=\"badge {class}\">{word}</span>")
}

/// A bar of who vouches for how many packages, and the same in words.
fn trust(ledger: &Ledger) -> String {
    let counted = |wanted: Option<Trust>| {
        let all = ledger.packages.iter();
        all.filter(|entry| match (&entry.standing, wanted) {
            (Standing::Pinned(trust, _), Some(wanted)) => *trust == wanted,
            (Standing::Unpinned, None) => true,
            _ => false,
        })
        .count()
    };
    let rows = Trust::ALL.map(|trust| (class(trust), trust.name(), trust.meaning(), counted(Some(trust))));
    let unpinned = ("unpinned", "not pinned", "no pin covers it", counted(None));
    let rows = rows.into_iter().chain([unpinned]).filter(|row| row.3 > 0).collect::<Vec<_>>();
    let total = rows.iter().map(|row| row.3).sum::<usize>();
    let mut section = "<section aria-labelledby=\"trust\">\n<h2 id=\"trust\">Who vouches</h2>\n".to_owned();
    if total == 0 {
        return section + "<p>There are no packages of others.</p>\n</section>\n";
    }
    let words = rows.iter().map(|row| format!("{} {}", row.3, row.1)).collect::<Vec<_>>().join(", ");
    section.push_str(&format!(
        "<svg class=\"bar\" role=\"img\" aria-label=\"{words}\" viewBox=\"0 0 {total} 10\" preserveAspectRatio=\"none\">"
    ));
    let mut at = 0;
    for (class, .., number) in &rows {
        section.push_str(&format!(
            "<rect class=\"{class}\" x=\"{at}\" y=\"0\" width=\"{number}\" height=\"10\"/>"
        ));
        at += number;
    }
    section.push_str("</svg>\n<ul class=\"key\">");
    for (class, word, meaning, number) in &rows {
        section
            .push_str(&format!("<li><span class=\"badge {class}\">{word}</span> {number}: {meaning}</li>"));
    }
    section + "</ul>\n</section>\n"
}

fn findings(report: &Report) -> String {
    let mut section =
        "<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Findings</h2>\n".to_owned();
    let shown = report.findings.iter().filter(|finding| !finding.verbose).collect::<Vec<_>>();
    if shown.is_empty() {
        section.push_str("<p>There are none.</p>\n");
    }
    for (weight, title, class) in [
        (Weight::Denial, "Denied", "deny"),
        (Weight::Review, "For a person to look at", "review"),
        (Weight::Note, "Notes", "note"),
    ] {
        let found = shown.iter().filter(|finding| finding.weight == weight).collect::<Vec<_>>();
        if !found.is_empty() {
            section.push_str(&format!("<h3>{title}: {}</h3>\n", found.len()));
        }
        section.extend(found.into_iter().map(|found| finding(found, class)));
    }
    let quiet = report.findings.len() - shown.len();
    if quiet > 0 {
        let notes = plural(quiet, "note");
        section.push_str(&format!("<p class=\"soft\">{notes} that are no news are left out.</p>\n"));
    }
    section + "</section>\n"
}

fn finding(finding: &Finding, class: &str) -> String {
    let mut article = format!(
        "<article class=\"{class}\"><p><strong>{}</strong> <code>{}</code></p>",
        prose(&finding.message),
        text(finding.id),
    );
    let places = finding.places.iter().take(1).map(|place| {
        format!("<li>at <code>{}:{}</code></li>", text(&place.file.to_string_lossy()), place.line)
    });
    let lines = finding.notes.iter().chain(&finding.help).map(|line| format!("<li>{}</li>", prose(line)));
    let lines = places.chain(lines).collect::<String>();
    if !lines.is_empty() {
        article.push_str(&format!("<ul>{lines}</ul>"));
    }
    article + "</article>\n"
}

fn living_with(report: &Report, ledger: &Ledger) -> String {
    let mut section = "<section aria-labelledby=\"living\">\n<h2 id=\"living\">Living with</h2>\n\
                       <h3>Exceptions of the policy</h3>\n"
        .to_owned();
    let mut exceptions = ledger.exceptions.iter().collect::<Vec<_>>();
    exceptions.sort_by_key(|exception| exception.expires);
    let rows = exceptions.into_iter().map(|it| exception(it, ledger)).collect::<String>();
    section.push_str(&packages::titled(
        "They end on their last day, whatever happens",
        &["Last day", "Left", "Finding", "Package", "Reason"],
        &rows,
    ));
    section.push_str("<h3>Accepted by people, for these bytes</h3>\n");
    let accepted = ledger.packages.iter().flat_map(|entry| {
        entry.accepted.iter().map(move |it| {
            let [check, by, on, reason] = [&it.check, &it.by, &it.on, &it.reason].map(|it| text(it));
            format!(
                "<tr><th scope=\"row\">{} {}</th><td><code>{check}</code></td><td>{by}</td><td class=\"number\">{on}</td>\
                 <td>{reason}</td></tr>\n",
                text(&entry.name),
                text(&entry.version),
            )
        })
    });
    section.push_str(&packages::titled(
        "An acceptance ends when the package changes",
        &["Package", "Finding", "By", "On", "Reason"],
        &accepted.collect::<String>(),
    ));
    let baseline = ledger.packages.iter().map(|entry| entry.baseline.len()).sum::<usize>();
    if baseline > 0 {
        let findings = plural(baseline, "finding");
        section.push_str(&format!(
            "<p>{findings} were there when the gate was set up; nobody has looked at them yet.</p>\n"
        ));
    }
    if !report.tolerated.is_empty() {
        let findings = plural(report.tolerated.len(), "finding");
        section.push_str(&format!("<p>{findings} do not refuse today because of all this.</p>\n"));
    }
    section + "</section>\n"
}

fn exception(it: &Exemption, ledger: &Ledger) -> String {
    let left = it.expires.days_since(ledger.on);
    let left = match left {
        ..0 => "<span class=\"badge over\">expired</span>".to_owned(),
        0..=SOON => format!("<span class=\"badge soon\">{}</span>", plural(left as usize, "day")),
        _ => span(left),
    };
    format!(
        "<tr><th scope=\"row\" class=\"number\">{}</th><td class=\"number\">{left}</td><td><code>{}</code></td><td>{}</td>\
         <td>{}</td></tr>\n",
        it.expires,
        text(&it.check),
        text(&it.package),
        text(&it.reason),
    )
}

fn not_checked(report: &Report) -> String {
    let mut section =
        "<section aria-labelledby=\"unchecked\">\n<h2 id=\"unchecked\">Not checked</h2>\n".to_owned();
    if report.not_checked.is_empty() {
        section.push_str("<p>Everything that was asked for was looked at.</p>\n");
    } else {
        let lines = report.not_checked.iter().map(|line| format!("<li>{}</li>", prose(line)));
        section.push_str(&format!("<ul>{}</ul>\n", lines.collect::<String>()));
    }
    section + "</section>\n"
}

#[cfg(test)]
mod tests;

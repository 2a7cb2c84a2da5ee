//! `report --html`: the page, as a browser sees it.

use std::path::Path;
use std::time::{Duration, SystemTime};

use tests::krate::time;
use tests::project::CLEAN;
use tests::{Advisory, AdvisoryDb, Krate, Output, Project, Sandbox, browser, files};

use crate::check::pin;

/// `app`, which depends on a package that says what it may of itself to become markup.
fn hostile(sandbox: &Sandbox) -> Project<'_> {
    let attack = "<img src=x onerror=evil()>";
    let victim = Krate::greeting("victim", "1.0.0", CLEAN).license(Some("MIT")).build_script("fn main() {}");
    sandbox.registry().publish(&victim);
    let project = pin(Project::greeter(sandbox, "work", "victim = \"1\"", "victim::greeting()"));
    let policy = format!(
        "{}\n[[exception]]\ncheck = \"unmaintained\"\npackage = \"victim@1.0.0\"\nreason = \"{attack}<script>evil()</script>\"\n\
         expires = \"{}\"\n",
        files::read(&project.path("Provenance.toml")),
        &time(SystemTime::now() + Duration::from_secs(20 * 86_400))[..10],
    );
    files::write(&project.path("Provenance.toml"), policy);
    project.provenance(["pin"]).ok();
    project
}

/// What the browser makes of a page, and what it complains of.
fn opened(sandbox: &Sandbox, page: &Path) -> Option<Output> {
    let profile = sandbox.path("browser");
    let run = browser(sandbox)?.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--enable-logging=stderr",
        "--dump-dom",
    ]);
    let url = format!("file://{}", page.display());
    Some(run.args([format!("--user-data-dir={}", profile.display()), url]).ok())
}

#[test]
fn the_page_shows_what_is_known_and_runs_nothing_but_its_own() {
    let sandbox = Sandbox::new();
    let project = hostile(&sandbox);
    let page = project.path("page.html");
    project.provenance(["report", "--html", "--output", "page.html"]).run().code(0);
    let text = files::read(&page);
    for expected in [
        "victim",
        "1.0.0",
        "build script",
        "not looked at",
        "20 days",
        "unmaintained",
        "&lt;script&gt;evil()",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let printed = project.provenance(["report", "-q"]).run().code(0);
    assert_eq!(printed.stdout, text);

    let Some(dom) = opened(&sandbox, &page) else { return };
    // Its script ran and its style applied, which the policy of the page lets no other do.
    assert!(dom.stdout.contains("<label class=\"filter\">"), "{dom}");
    assert!(!dom.stderr.contains("Content Security Policy"), "{dom}");
    assert!(!dom.stdout.contains("<img"), "{dom}");

    // Were markup to get through, it could do nothing: the same page with an attack in it.
    sandbox.registry().forget_requests();
    let url = sandbox.registry().url("stolen");
    let attack =
        format!("<body><script>document.title = 'evil'</script><img src=\"{url}\"><p style=\"color:red\">");
    let attacked = project.path("attacked.html");
    files::write(&attacked, text.replacen("<body>", &attack, 1));
    let dom = opened(&sandbox, &attacked).expect("a browser");
    assert!(dom.stdout.contains("<title>Dependencies of work</title>"), "{dom}");
    assert!(dom.stderr.contains("Content Security Policy"), "{dom}");
    assert_eq!(sandbox.registry().requests(), Vec::<String>::new());
}

#[test]
fn what_is_refused_is_on_the_page_and_in_the_exit_code() {
    let sandbox = Sandbox::new();
    let project = crate::check::pinned(&sandbox, "work");
    AdvisoryDb::new(&sandbox).publish(&[Advisory::new("RUSTSEC-2025-0002", "victim").title("a <b>hole</b>")]);
    project.provenance(["db", "update"]).ok();
    let output = project.provenance(["report", "--output", "page.html"]).run().code(1);
    assert!(output.stderr.contains("Writing"), "{output}");
    let text = files::read(&project.path("page.html"));
    assert!(
        text.contains("The policy refuses this state") && text.contains("a &lt;b&gt;hole&lt;/b&gt;"),
        "{text}"
    );

    // Nothing could be looked at: what is pinned is on the page all the same.
    files::write(&project.path(".cargo/config.toml"), "[build]\nrustc = \"./evil\"\n");
    project.provenance(["report", "--output", "page.html"]).run().code(4);
    let text = files::read(&project.path("page.html"));
    assert!(text.contains("Pins, lockfile and sources disagree") && text.contains("victim"), "{text}");
}

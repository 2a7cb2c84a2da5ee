//! A refused build must not leave artifacts that were compiled from the evil sources: cargo would take them for fresh
//! as soon as the sources are restored.

use tests::files;
use tests::krate::greeting_macro_source;
use tests::project::{CLEAN, EVIL, make_clean, make_evil, refused};
use tests::sandbox::host;
use tests::{Krate, Project, Sandbox};

/// `app` that says what `victim` said when `victim-macro` was compiled.
fn through_a_macro<'sandbox>(sandbox: &'sandbox Sandbox, name: &'sandbox str) -> Project<'sandbox> {
    sandbox.registry().publish(&Krate::greeting("victim", "1.0.0", CLEAN));
    sandbox.registry().publish(
        &Krate::new("victim-macro", "1.0.0")
            .proc_macro()
            .dependency("victim", "1")
            .file("src/lib.rs", &greeting_macro_source("victim")),
    );
    Project::greeter(sandbox, name, "victim-macro = \"1\"", "victim_macro::greeting!()")
}

/// The whole course: plain cargo keeps the poison, the gated workspace does not.
fn poisoned_artifact_after_restore<'sandbox>(
    make: fn(&'sandbox Sandbox, &'sandbox str) -> Project<'sandbox>,
    sandbox: &'sandbox Sandbox,
    arguments: &[&str],
) {
    let plain = make(sandbox, "plain");
    let gated = make(sandbox, "gated").gate();
    plain.cargo(["fetch"]).ok();
    // The evil package is compiled before the check has come to its end.
    files::replace(
        &gated.path("build.rs"),
        "fn main() {",
        "fn main() {\n    std::thread::sleep(std::time::Duration::from_millis(1500));",
    );
    let run = |project: Project<'sandbox>| project.cargo(["run", "--quiet"]).args(arguments);
    let source = sandbox.source("victim-1.0.0");

    make_evil(&source);
    run(plain).ok().stdout_has(EVIL);
    refused(gated.cargo(["build"]).args(arguments), "victim");

    make_clean(&source);
    run(plain).ok().stdout_has(EVIL);
    run(gated).ok().stdout_has(CLEAN);
    gated.provenance(["verify"]).ok();

    // The same once more, with everything built before.
    make_evil(&source);
    for command in ["build", "build"] {
        refused(gated.cargo([command]).args(arguments), "victim");
    }
    make_clean(&source);
    run(gated).ok().stdout_has(CLEAN);
}

#[test]
fn poisoned_artifact_of_a_normal_dependency() {
    let sandbox = Sandbox::new();
    poisoned_artifact_after_restore(Project::app, &sandbox, &[]);
}

#[test]
fn poisoned_artifact_of_a_normal_dependency_with_target() {
    let sandbox = Sandbox::new();
    poisoned_artifact_after_restore(Project::app, &sandbox, &["--target", host()]);
}

#[test]
fn poisoned_artifact_of_a_proc_macros_dependency() {
    let sandbox = Sandbox::new();
    poisoned_artifact_after_restore(through_a_macro, &sandbox, &[]);
}

#[test]
fn poisoned_artifact_of_a_proc_macros_dependency_with_target() {
    let sandbox = Sandbox::new();
    poisoned_artifact_after_restore(through_a_macro, &sandbox, &["--target", host()]);
}

#[test]
fn poisoned_artifact_in_the_release_profile() {
    let sandbox = Sandbox::new();
    poisoned_artifact_after_restore(Project::app, &sandbox, &["--release"]);
}

#[test]
fn poisoned_artifact_of_a_package_that_compiles_longer_than_the_check() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::new("slow", "1.0.0").proc_macro().file(
        "src/lib.rs",
        "#[proc_macro]\npub fn slow(_: proc_macro::TokenStream) -> proc_macro::TokenStream {\n    \
         std::thread::sleep(std::time::Duration::from_secs(4));\n    Default::default()\n}\n",
    ));
    let source = format!("slow::slow!();\n{}", tests::krate::greeting_source(CLEAN));
    sandbox
        .registry()
        .publish(&Krate::new("victim", "1.0.0").dependency("slow", "1").file("src/lib.rs", &source));
    let gated = Project::greeter(&sandbox, "gated", "victim = \"1\"", "victim::greeting()").gate();
    gated.cargo(["fetch"]).ok();
    let source = sandbox.source("victim-1.0.0");

    make_evil(&source);
    gated.build_refuses("victim");

    make_clean(&source);
    gated.is_clean();
}

#[test]
fn poisoned_artifact_of_a_crate_with_a_build_script() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(
        &Krate::new("victim", "1.0.0")
            .build_script("fn main() { println!(\"cargo::rustc-env=SAID={}\", \"clean\"); }")
            .file("src/lib.rs", "pub fn greeting() -> &'static str { env!(\"SAID\") }"),
    );
    let make = |name| Project::greeter(&sandbox, name, "victim = \"1\"", "victim::greeting()");
    let plain = make("plain");
    let gated = make("gated").gate();
    plain.cargo(["fetch"]).ok();
    gated.is_clean();
    let script = sandbox.source("victim-1.0.0").join("build.rs");

    files::replace(&script, CLEAN, EVIL);
    plain.says(EVIL);
    gated.build_refuses("victim");
    gated.fresh_target();
    gated.build_refuses("victim");

    files::replace(&script, EVIL, CLEAN);
    plain.says(EVIL);
    gated.is_clean();
}

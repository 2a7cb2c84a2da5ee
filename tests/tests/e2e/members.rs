//! Attacks that pass third-party code off as the team's own. `Cargo.lock` gives none of it a source.

use tests::files;
use tests::project::{CLEAN, EVIL};
use tests::{Krate, Project, Sandbox};

/// Puts an edited copy of `victim` into a directory, relative to the project's root.
pub(crate) fn copy_victim(project: Project<'_>, directory: &str) {
    for (path, content) in Krate::greeting("victim", "1.0.0", EVIL).all_files() {
        files::write(&project.path(directory).join(path), content);
    }
}

/// The honest and the gated project, which is committed and was built.
fn pair(sandbox: &Sandbox) -> (Project<'_>, Project<'_>) {
    let plain = Project::app(sandbox, "plain");
    let gated = Project::app(sandbox, "gated").gate();
    gated.is_clean();
    gated.commit("gated");
    (plain, gated)
}

#[test]
fn third_party_crate_copied_into_the_workspace() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);

    for project in [plain, gated] {
        copy_victim(project, "crates/victim");
        let manifest = project.path("Cargo.toml");
        files::replace(&manifest, "victim = \"1\"", "victim = { path = \"crates/victim\" }");
        files::append(&manifest, "\n[workspace]\nmembers = [\"crates/victim\"]\n");
    }
    plain.says(EVIL);
    gated.refuses_once_locked("victim");
    // It bears the name of a package of the registry, so that it counts as third-party until somebody owns it.
    gated.provenance(["pin"]).run().code(1).stderr_has("victim");
    gated.refuses("victim");
    gated.provenance(["pin", "--own", "victim=we maintain this fork"]).ok();
    gated.says(EVIL);
    assert!(files::read(&gated.path("Provenance.lock")).contains("we maintain this fork"));

    gated.restore();
    gated.is_clean();
}

#[test]
fn third_party_crate_as_a_path_dependency() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);
    copy_victim(plain, "../outside/victim");

    for project in [plain, gated] {
        files::replace(
            &project.path("Cargo.toml"),
            "victim = \"1\"",
            "victim = { path = \"../outside/victim\" }",
        );
    }
    plain.says(EVIL);
    gated.refuses_once_locked("victim");

    gated.restore();
    gated.is_clean();
}

#[test]
fn third_party_crate_as_a_path_dependency_below_the_root() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);

    for project in [plain, gated] {
        copy_victim(project, "third-party/victim");
        files::replace(&project.path("Cargo.toml"), "victim = \"1\"", "victim.path = \"third-party/victim\"");
    }
    plain.says(EVIL);
    gated.refuses_once_locked("victim");

    gated.restore();
    gated.is_clean();
}

#[test]
fn third_party_crate_as_a_patch() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);

    for project in [plain, gated] {
        copy_victim(project, "patches/victim");
        files::append(
            &project.path("Cargo.toml"),
            "\n[patch.crates-io]\nvictim = { path = \"patches/victim\" }\n",
        );
    }
    plain.says(EVIL);
    gated.refuses_once_locked("victim");

    gated.restore();
    gated.is_clean();
}

#[test]
fn third_party_crate_as_a_patch_in_the_configuration() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);

    for project in [plain, gated] {
        copy_victim(project, "patches/victim");
        files::write(
            &project.path(".cargo/config.toml"),
            "[patch.crates-io]\nvictim = { path = \"patches/victim\" }\n",
        );
    }
    plain.says(EVIL);
    gated.refuses_once_locked("patch");

    gated.restore();
    gated.is_clean();
}

#[test]
fn third_party_crate_as_a_replacement() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);

    for project in [plain, gated] {
        copy_victim(project, "patches/victim");
        files::append(
            &project.path("Cargo.toml"),
            "\n[replace]\n\"victim:1.0.0\" = { path = \"patches/victim\" }\n",
        );
    }
    plain.says(EVIL);
    // A replacement leaves no trace in the lockfile that could be compared, and so it is not accepted at all.
    for warmth in ["warm", "cold"] {
        gated.build_refuses("victim");
        let output = gated.provenance(["verify"]).run().code_in(&[2, 4]).stderr_has("victim");
        assert!(output.stderr.contains("[replace]"), "{warmth}: {output}");
        gated.fresh_target();
    }

    gated.restore();
    gated.is_clean();
}

#[test]
fn a_renamed_path_dependency() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);

    for project in [plain, gated] {
        copy_victim(project, "third-party/fork");
        files::replace(&project.path("third-party/fork/Cargo.toml"), "name = \"victim\"", "name = \"fork\"");
        let renamed = "victim = { path = \"third-party/fork\", package = \"fork\" }";
        files::replace(&project.path("Cargo.toml"), "victim = \"1\"", renamed);
    }
    plain.says(EVIL);
    gated.refuses_once_locked("fork");

    gated.restore();
    gated.is_clean();
}

#[test]
fn edited_path_package_outside_the_workspace() {
    let sandbox = Sandbox::new();
    for (path, content) in Krate::greeting("neighbor", "1.0.0", CLEAN).all_files() {
        files::write(&sandbox.path("neighbor").join(path), content);
    }
    let make =
        |name| Project::greeter(&sandbox, name, "neighbor.path = \"../neighbor\"", "neighbor::greeting()");
    let plain = make("plain");
    let gated = make("gated").gate();
    gated.is_clean();

    tests::project::make_evil(&sandbox.path("neighbor"));
    plain.says(EVIL);
    gated.refuses("neighbor");

    tests::project::make_clean(&sandbox.path("neighbor"));
    gated.is_clean();
}

/// A package that this machine has never heard of, copied into the workspace as a member.
#[test]
fn third_party_crate_copied_in_that_was_never_fetched_here() {
    let sandbox = Sandbox::new();
    let project = Project::app(&sandbox, "work").pinned();
    project.commit("pinned");
    let before = files::read(&project.path("Provenance.lock"));
    sandbox.registry().publish(&Krate::greeting("renowned", "1.0.0", CLEAN));
    for name in ["renowned", "homemade"] {
        for (path, content) in Krate::greeting(name, "1.0.0", EVIL).all_files() {
            files::write(&project.path("crates").join(name).join(path), content);
        }
    }
    files::append(&project.path("Cargo.toml"), "\n[workspace]\nmembers = [\"crates/*\"]\n");
    project.cargo(["metadata", "--format-version", "1", "--offline"]).ok();
    let line = "Not checked whether a registry knows the name of `homemade`, `renowned`: none could be asked";
    project.provenance(["pin", "--offline"]).ok().stderr_has(line);
    let forged = files::read(&project.path("Provenance.lock"));
    files::write(&project.path("Provenance.lock"), &before);
    let known = "error[member-name-known]: new member `renowned` bears a known name: ";
    project.provenance(["pin"]).run().code(1).stderr_has(known).stderr_lacks("`homemade`");
    // Whoever opens a pull request writes the manifest as well.
    files::write(&project.path("Provenance.lock"), &forged);
    project.provenance(["check"]).ok();
    project
        .provenance(["check", "--since", "HEAD"])
        .run()
        .code(1)
        .stderr_has(known)
        .stderr_lacks("`homemade`");
    files::write(&project.path("Provenance.lock"), &before);
    project.provenance(["pin", "--own", "renowned=we maintain this fork"]).ok();
    project.provenance(["check", "--since", "HEAD"]).ok().stderr_has("Own renowned: we maintain this fork");
}

/// A path package that is pinned, and whose own dependency bears the name of the member.
#[test]
fn a_path_package_that_bears_a_members_name() {
    let sandbox = Sandbox::new();
    for (name, text) in [("neighbor", CLEAN), ("fakeapp", EVIL)] {
        for (path, content) in Krate::greeting(name, "9.9.9", text).all_files() {
            files::write(&sandbox.path(name).join(path), content);
        }
    }
    files::replace(&sandbox.path("fakeapp/Cargo.toml"), "name = \"fakeapp\"", "name = \"app\"");
    let neighbor = sandbox.path("neighbor/Cargo.toml");
    let make =
        |name| Project::greeter(&sandbox, name, "neighbor.path = \"../neighbor\"", "neighbor::greeting()");
    let late = make("late").gate();
    late.is_clean();

    files::append(&neighbor, "\n[dependencies]\napp.path = \"../fakeapp\"\n");
    files::write(
        &sandbox.path("neighbor/src/lib.rs"),
        "pub fn greeting() -> &'static str {\n    app::greeting()\n}\n",
    );
    make("plain").says(EVIL);
    let early = make("early");
    early.cargo(["generate-lockfile"]).ok();
    early.init([]).code(1).stderr_has("error[member-twin]: a path package bears the name of member `app`");

    late.cargo(["metadata", "--format-version", "1", "--offline"]).ok();
    late.provenance(["pin"]).run().code(1).stderr_has("error[member-twin]");
    // Nor does it help to pin the neighbor by hand.
    let found = late.provenance(["verify"]).run().code(4).stderr_has("error[member-twin]");
    let after = |text: &str, mark: &str| text.split_once(mark).expect("the mark").1.to_owned();
    let digest = after(&found.stderr, "found  ").split(' ').next().expect("a digest").to_owned();
    let lock = files::read(&late.path("Provenance.lock"));
    let pinned = after(&after(&lock, "name = \"neighbor\""), "tree = \"");
    let pinned = pinned.split('"').next().expect("a digest");
    files::write(&late.path("Provenance.lock"), lock.replace(pinned, &digest));
    late.provenance(["check"])
        .run()
        .code(4)
        .stderr_has("error[member-twin]")
        .stderr_lacks("error[source-differs]");
    late.build_refuses("bears the name of member `app`");
}

/// What a pull request can hold: a manifest that leads elsewhere, and the lockfile of before.
#[test]
fn a_stale_lockfile_hides_nothing_from_verify() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", EVIL));
    let (_, gated) = pair(&sandbox);
    let asked = "victim = \"1\"";
    let cases: [(&str, &str, &str, &str); 8] = [
        ("member", "victim", "victim.path = \"evil\"", "[workspace]\nmembers = [\"evil\"]"),
        ("path below the root", "victim", "victim.path = \"evil\"", ""),
        ("path and version", "victim", "victim = { version = \"1\", path = \"evil\" }", ""),
        ("renamed", "victim", "victim = { path = \"evil\", package = \"victim\" }", ""),
        (
            "one target's",
            "victim",
            "",
            "[target.'cfg(unix)'.dependencies]\n\"vic\\u0074im\" = { path = \"evil\" }",
        ),
        ("patch", "victim", asked, "[patch.crates-io]\nvictim.path = \"evil\""),
        ("replacement", "victim", asked, "[replace]\n\"victim:1.0.0\" = { path = \"evil\" }"),
        ("registry", "newcomer", "victim = \"1\"\nnewcomer = \"1\"", ""),
    ];
    let mut missed = vec![];
    for (case, name, dependency, table) in cases {
        copy_victim(gated, "evil");
        files::replace(&gated.path("Cargo.toml"), asked, dependency);
        files::append(&gated.path("Cargo.toml"), &format!("\n{table}\n"));
        let output = gated.provenance(["verify"]).run();
        if output.exit_code() != Some(4) || !output.stderr.contains(name) {
            missed.push(case);
        }
        gated.restore();
    }
    assert!(missed.is_empty(), "not found by `verify`: {missed:?}");
    gated.is_clean();
}

#[test]
fn a_member_that_is_moved_elsewhere() {
    let sandbox = Sandbox::new();
    let make = |name| {
        let project = Project::greeter(&sandbox, name, "part.path = \"part\"", "part::greeting()");
        files::append(&project.path("Cargo.toml"), "\n[workspace]\nmembers = [\"part\"]\n");
        for (path, content) in Krate::greeting("part", "0.1.0", CLEAN).all_files() {
            files::write(&project.path("part").join(path), content);
        }
        project
    };
    let plain = make("plain");
    let gated = make("gated").gate();
    gated.is_clean();
    gated.commit("gated");

    for project in [plain, gated] {
        files::copy(&project.path("part"), &project.path("assets/part"));
        tests::project::make_evil(&project.path("assets/part"));
        files::replace(&project.path("Cargo.toml"), "\"part\"", "\"assets/part\"");
    }
    plain.says(EVIL);
    gated.refuses("part");

    gated.restore();
    gated.is_clean();
}

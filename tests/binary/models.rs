//! Broken models and old processors: the journal works without a model and says what to do.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::program::{MODEL_FILE, Place, full, has_model, is_dist, models, slim};
use crate::visitor::Visitor;

/// Writes an entry, waits until the model has failed to load, and gives the page about the model.
fn page_about_model(place: &Place) -> String {
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register("Modelless", "pen and paper will do");
    visitor.write("Writing works without any model.");
    visitor.wait_for("/readyz", "the model to settle", |body| {
        !body.contains("\"model\":\"loading\"") && !body.contains("\"model\":\"idle\"")
    });
    let today = visitor.today();
    let page = visitor.get(&today);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Writing works without any model."));
    let about = visitor.get("/settings/model");
    assert_eq!(about.status, 200);
    assert!(!visitor.get("/readyz").body.contains("\"model\":\"ok\""));
    let (status, _) = running.stop();
    assert_eq!(status.code(), Some(0), "{}", place.errors());
    place.assert_calm();
    about.body
}

fn with_model_file(content: &[u8]) -> Place {
    let mut place = Place::with(&slim());
    let folder = place.path("models");
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(models().unwrap().join("embedder"), folder.join("embedder")).unwrap();
    std::fs::write(folder.join(MODEL_FILE), content).unwrap();
    place.env("LLAMORA_MODELS__DIR", folder);
    place
}

#[test]
fn a_truncated_model_file_is_named_and_writing_works() {
    if !has_model("a_truncated_model_file_is_named_and_writing_works") || models().is_none() {
        return;
    }
    let whole = std::fs::read(models().unwrap().join(MODEL_FILE)).unwrap();
    for length in [whole.len() / 2, 5_000, 10] {
        let about = page_about_model(&with_model_file(&whole[..length])).to_lowercase();
        let words = ["truncated", "cut short", "incomplete", "not a gguf", "not a model", "damaged", "ends"];
        assert!(words.iter().any(|word| about.contains(word)), "{length} bytes: {about}");
    }
}

#[test]
fn a_file_that_is_no_model_is_named_and_writing_works() {
    if !has_model("a_file_that_is_no_model_is_named_and_writing_works") || models().is_none() {
        return;
    }
    let about =
        page_about_model(&with_model_file(&b"This is a shopping list. ".repeat(5_000))).to_lowercase();
    assert!(about.contains("gguf") || about.contains("not a model"), "{about}");
}

#[test]
fn without_any_model_the_page_says_what_to_do() {
    let about = page_about_model(&Place::slim()).to_lowercase();
    assert!(about.contains("model"), "{about}");
}

#[test]
fn a_processor_without_avx2_gets_a_journal_without_replies() {
    if !has_model("a_processor_without_avx2_gets_a_journal_without_replies") {
        return;
    }
    let mut place = Place::full();
    place.env("LLAMORA_TEST_NO_AVX2", "1");
    let about = page_about_model(&place);
    assert!(about.contains("AVX2"), "{about}");
}

#[test]
fn the_program_runs_on_a_processor_of_2008() {
    let name = "the_program_runs_on_a_processor_of_2008";
    let emulator = "qemu-x86_64";
    if !is_dist() || Command::new(emulator).arg("--version").output().is_err() {
        println!("skipped {name}: needs dist/llamora and {emulator} (make test brings both)");
        return;
    }
    let mut place = Place::with(Path::new(emulator));
    place.command.extend(["-cpu".into(), "Nehalem".into(), full().into()]);
    place.patience = Duration::from_secs(180);
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register("Oldtimer", "still going after all these years");
    let entry = visitor.write("An old machine writes well enough.");
    let page = visitor.wait_for("/settings/model", "the model to settle", |body| body.contains("AVX2"));
    assert!(page.contains("AVX2"));
    let today = visitor.today();
    assert!(visitor.get(&today).body.contains(&entry));
    assert_eq!(Visitor::new(running.address).get("/login").status, 200);
    place.assert_calm();
    assert!(!place.errors().contains("uncaught target signal"));
}

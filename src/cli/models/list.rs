//! `llamora models list`.

use crate::{
    app::models::FoundModels,
    config::manifest::{self, Ability},
    llm::{
        catalogue::{Catalogue, Fit, Present, Spot},
        download::begun,
        machine,
    },
};

/// Prints what is used, what is here, what can be fetched, and what other programs have.
///
/// # Errors
/// Nothing fails here; what cannot be read is not listed.
#[allow(clippy::print_stdout, reason = "the output of the command")]
pub fn run(catalogue: &Catalogue, found: &FoundModels) -> anyhow::Result<()> {
    let memory = machine::memory_bytes()
        .map_or_else(|| "unknown memory".to_owned(), |bytes| format!("{:.1} GB memory", bytes as f64 / 1e9));
    println!("This machine: {memory}, {} threads for a model", machine::default_threads());
    match &found.model {
        Some(model) => println!("In use: {}", model.name()),
        None => println!("In use: none. {}", found.hint()),
    }
    match &found.embedder {
        Some(files) => println!("Search by meaning: {}", files.weights.name()),
        None => println!("Search by meaning: none; search finds words only"),
    }

    println!("\nHere:");
    let present = catalogue.present();
    for model in &present {
        let is_used = found.model.as_ref() == Some(&model.source);
        println!("{} {}", if is_used { "*" } else { " " }, describe(model));
    }
    if present.is_empty() {
        println!("  none");
    }

    println!("\nTo fetch with `llamora models pull NAME`:");
    for model in manifest::recommended() {
        let state = if present.iter().any(|here| here.file == model.file) {
            "here already".to_owned()
        } else {
            match begun::bytes(&catalogue.shelf, &model.file) {
                Some(bytes) => format!("begun, {} MB are here", mb(bytes)),
                None => Fit::here(model.bytes).words().to_owned(),
            }
        };
        let name = &model.name;
        println!(
            "  {name:<15} {:>5} MB  for {:>2} GB  {}; {}; {state}",
            mb(model.bytes),
            model.memory_gb,
            model.good_for,
            model.licence
        );
    }

    let elsewhere = catalogue.elsewhere();
    if !elsewhere.is_empty() {
        println!("\nOf other programs; one is used where it is after `llamora models use NAME`:");
        for model in elsewhere {
            println!("  {}  {} MB, {}", model.name, mb(model.bytes), Fit::here(model.bytes).words());
        }
    }
    Ok(())
}

fn describe(model: &Present) -> String {
    let place = match &model.spot {
        Spot::Program(_) => "inside the program".to_owned(),
        Spot::Folder(folder) => folder.display().to_string(),
    };
    let known = match Catalogue::known(&model.file) {
        Some(known) => {
            let ability = known.ability.map(Ability::words).unwrap_or_default();
            format!("; {}; {ability}; {}", known.good_for, known.licence)
        }
        None => String::new(),
    };
    format!("{}  {} MB, {place}, {}{known}", model.file, mb(model.bytes), Fit::here(model.bytes).words())
}

fn mb(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

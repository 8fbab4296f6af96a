//! `llamora models list`.

use crate::{
    app::models::FoundModels,
    config::manifest::{self, Ability},
    llm::{
        catalogue::{Catalogue, Fit, Present, Spot},
        download::begun,
        machine,
        speed::{self, Estimate, Estimates, NOT_MEASURED},
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
    let estimates = catalogue.estimates(speed::known(catalogue.shelf.data()));
    for model in &present {
        let is_used = found.model.as_ref() == Some(&model.source);
        println!("{} {}", if is_used { "*" } else { " " }, describe(model));
        println!("    {}", how_fast(&estimates, model.source.pinned(), model.bytes).unwrap_or_else(unknown));
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
        let sha256 = model.sha256.as_deref().and_then(manifest::digest);
        if let Some(how_fast) = how_fast(&estimates, sha256, model.bytes) {
            println!("    {how_fast}");
        }
    }

    let elsewhere = catalogue.elsewhere();
    if !elsewhere.is_empty() {
        println!("\nOf other programs; one is used where it is after `llamora models use NAME`:");
        for model in elsewhere {
            println!("  {}  {} MB, {}", model.name, mb(model.bytes), Fit::here(model.bytes).words());
            let path = model.path.to_str().unwrap_or_default();
            let sha256 = catalogue.shelf.pinned(path).or(model.sha256);
            println!("    {}", how_fast(&estimates, sha256, model.bytes).unwrap_or_else(unknown));
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

/// How long somebody waits for it and how fast it reads and writes, in the words of the page about models.
fn how_fast(estimates: &Estimates, sha256: Option<[u8; 32]>, bytes: u64) -> Option<String> {
    let sha256 = sha256.map(|sha256| manifest::hex(&sha256));
    let said = |known: Estimate| format!("{}; {}", known.words(), known.rates());
    estimates.of(sha256.as_deref(), bytes).map(said)
}

fn unknown() -> String {
    format!("{NOT_MEASURED}; `llamora models bench` does that")
}

fn mb(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::speed::{Bench, Measured, Speed};

    #[test]
    fn it_is_told_how_fast_a_model_is_and_what_is_a_guess_or_not_known() {
        let sha256 = [7; 32];
        let measured = vec![Measured { threads: 2, speed: Speed { reading: 1_000.0, writing: 50.0 } }];
        let bench = Bench {
            model: "first".to_owned(),
            sha256: manifest::hex(&sha256),
            machine: machine::name(),
            measured,
        };
        let estimates = Estimates::new(vec![bench], [(manifest::hex(&sha256), 100)]);
        let told = |sha256, bytes| how_fast(&estimates, sha256, bytes).unwrap_or_else(unknown);
        let measured =
            "a usual reply takes about 4 s, as measured; it reads 1000 and writes 50 tokens a second";
        assert_eq!(told(Some(sha256), 100), measured);
        let guess = "a usual reply takes perhaps about 35 s, going by its size; it reads perhaps 100 and writes perhaps 5.0 \
                     tokens a second";
        assert_eq!(told(None, 1_000), guess);
        let none = how_fast(&Estimates::default(), Some(sha256), 100).unwrap_or_else(unknown);
        assert_eq!(none, "not measured yet; `llamora models bench` does that");
    }
}

use super::*;

mod quality;

const DAY: &[&str] = &[
    "Ana came at 14:30 with three jars of plum jam. We walked to the harbour, and Jonas showed us his boat, the Marlin.",
    "Called my sister in Lisbon. She turns forty on the 9th of June and wants no party. I may go there by train.",
    "It rained on Tuesday's market. I bought 2 kg of pears, read in the library and planted tomatoes.",
];

fn invented(sentence: &str) -> Vec<Invented> {
    Sources::new(DAY.iter().copied()).invented(sentence)
}

#[test]
fn sentences_that_rest_on_the_day_are_supported() {
    for sentence in [
        "Ana came with three jars of plum jam.",
        "Ana's jam was plum jam, 3 jars of it.",
        "You walked to the harbour and saw the boat of Jonas.",
        "Jonas showed you the Marlin.",
        "You called your sister in Lisbon.",
        "Your sister turns 40 on the 9th of June.",
        "In June your sister turns forty.",
        "It rained on Tuesday.",
        "Planting tomatoes, reading in the library: a quiet day.",
        "You bought two kg of pears.",
        "Walking to the harbour with Ana was the middle of the day.",
        "Later you may go there by train.",
        "Despite the rain you bought pears.",
        "Reading and planting filled the rest.",
        "At 14:30 Ana came.",
        "She wants no party.",
        "The boat is the Marlin.",
        "Everyone walked; nobody had a party.",
        "You and I walked.",
    ] {
        assert_eq!(invented(sentence), [], "{sentence}");
    }
}

#[test]
fn every_invented_name_number_and_date_is_found() {
    let name = |name: &str| vec![Invented::Name(name.to_owned())];
    let number = |number: &str| vec![Invented::Number(number.to_owned())];
    let date = |date: &str| vec![Invented::Date(date.to_owned())];
    for (sentence, expected) in [
        ("Anna came with plum jam.", name("Anna")),
        ("You walked with Annabel.", name("Annabel")),
        ("Maria called.", name("Maria")),
        ("You walked to the harbour with Zo\u{eb}.", name("Zo\u{eb}")),
        ("Your sister lives in Porto.", name("Porto")),
        ("You read Dune in the library.", name("Dune")),
        ("\u{141}ukasz showed you his boat.", name("\u{141}ukasz")),
        ("The boat is the Albatross.", name("Albatross")),
        (
            "\u{3a0}\u{3ad}\u{3c4}\u{3c1}\u{3bf}\u{3c2} came.",
            name("\u{3a0}\u{3ad}\u{3c4}\u{3c1}\u{3bf}\u{3c2}"),
        ),
        ("Ana came with four jars.", number("four")),
        ("You bought 12 kg of pears.", number("12")),
        ("Ana came at 15:30.", number("15:30")),
        ("Your sister turns fifty.", number("fifty")),
        ("You planted 1,000 tomatoes.", number("1,000")),
        ("Deux jars.", vec![]),
        ("It was 1994.", number("1994")),
        ("Dix jars of jam.", number("Dix")),
        ("It rained on Wednesday.", date("Wednesday")),
        ("Your sister turns forty in July.", date("July")),
        ("You called your sister yesterday.", date("yesterday")),
        ("You go tomorrow by train.", date("tomorrow")),
        ("It was a day of May.", date("May")),
        ("Montag was market.", date("Montag")),
        ("In dicembre you walked.", date("dicembre")),
        ("See https://ana.example for the jam.", vec![Invented::Address]),
    ] {
        let found = invented(sentence);
        match expected.first() {
            None => assert_eq!(found, [], "{sentence}"),
            Some(first) => assert!(found.contains(first), "{sentence}: {found:?}"),
        }
    }
}

#[test]
fn scripts_without_capitals_are_held_to_their_signs() {
    let sources = Sources::new(["\u{6771}\u{4eac}\u{3067}\u{96e8}\u{304c}\u{964d}\u{3063}\u{305f}\u{3002}"]);
    assert!(sources.support("\u{6771}\u{4eac}\u{306f}\u{96e8}\u{3002}"));
    assert!(!sources.support("\u{5927}\u{962a}\u{306f}\u{96e8}\u{3002}"), "another town");
}

#[test]
fn a_label_of_the_text_shares_its_words() {
    assert!(shares_words("plum jam", DAY[0]) && shares_words("the harbour", DAY[0]));
    assert!(!shares_words("fishing", DAY[0]) && !shares_words("the", DAY[0]));
}

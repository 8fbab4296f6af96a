//! Words that numbers, dates and names are told by, folded.

use crate::search::ground::claims::Unit;

/// Han and katakana: written without capitals, names among them.
pub(super) fn is_sign_of_names(symbol: char) -> bool {
    matches!(symbol as u32, 0x30a1..=0x30fa | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}

/// Hiragana: endings and little words.
pub(super) fn is_kana_of_grammar(symbol: char) -> bool {
    matches!(symbol as u32, 0x3041..=0x309f | 0x30fb..=0x30ff)
}

/// What a name follows.
#[rustfmt::skip]
pub(super) const TITLES: &[&str] = &[
    "aunt", "don", "dona", "dr", "father", "frau", "herr", "madame", "mademoiselle", "miss", "mlle", "mme", "monsieur",
    "mr", "mrs", "ms", "oma", "onkel", "opa", "prof", "senor", "senora", "signor", "signora", "signore", "sir", "tante",
    "tia", "tio", "uncle", "zia", "zio",
];
/// Pronouns that are written large wherever they stand.
pub(super) const PRONOUNS: &[&str] =
    &["i", "id", "ihnen", "ihr", "ihre", "ihrem", "ihren", "ihrer", "ill", "im", "ive", "sie"];
/// What a German noun follows and a name rarely.
#[rustfmt::skip]
pub(super) const ARTICLES: &[&str] = &[
    "alle", "am", "beim", "das", "dein", "deine", "deinem", "deinen", "deiner", "dem", "den", "der", "des", "die",
    "diese", "diesem", "diesen", "dieser", "ein", "eine", "einem", "einen", "einer", "eines", "euer", "eure", "eurem",
    "euren", "eurer", "im", "ins", "kein", "keine", "keinen", "mein", "meine", "meinem", "meinen", "meiner", "viel",
    "viele", "vom", "zum", "zur",
];
/// Words that begin sentences and are no names, besides the common ones.
#[rustfmt::skip]
pub(super) const STARTERS: &[&str] = &[
    "describe", "dime", "dimmi", "erzahl", "erzahle", "explain", "list", "name", "nenne", "please", "raconte", "sag", "show",
    "tell",
    "abends", "allora", "alors", "although", "anche", "anoche", "apres", "as", "aujourdhui", "aunque", "avec",
    "avete", "avez", "bevor", "both", "cependant", "cette", "chez", "chi", "combien", "comment", "cual",
    "cuando", "cuanta", "cuanto", "cuantos", "dabei", "danach", "dann", "dein", "deine", "depuis", "desde",
    "despite", "despues", "donde", "dopo", "dort", "dove", "durante", "during", "each", "encore", "ensuite",
    "er", "eran", "estaba", "estabais", "estabas", "estuviste", "etait", "eure", "even", "everyone",
    "everything", "finally", "first", "fue", "fuiste", "fuisteis", "gestern", "habeis", "habt", "has", "hast",
    "her", "heute", "hoy", "hubo", "ihr", "ihre", "jetzt", "later", "luego", "mais", "meanwhile", "mentre",
    "mientras", "mit", "morgens", "nach", "nachdem", "nachher", "nell", "nella", "ni", "nobody", "nothing",
    "nous", "obwohl", "oggi", "once", "ou", "outside", "pendant", "perche", "perhaps", "pero", "poi",
    "pourquoi", "pourtant", "puis", "quale", "quand", "quando", "quanto", "quel", "quelle", "quelles", "quels",
    "quien", "sa", "sans", "seine", "several", "she", "siete", "sin", "since", "sobre", "someone", "son",
    "spater", "still", "su", "sua", "suo", "sus", "tes", "though", "through", "ton", "tra", "trotz", "tu",
    "tua", "tuo", "two", "until", "vor", "vorher", "vos", "votre", "vous", "vuestra", "vuestro", "wahrend",
    "wann", "wart", "warum", "weil", "welche", "welcher", "welches", "wem", "wen", "wer", "which", "while",
    "whom", "whose", "wieviel", "within", "without", "wo", "yet", "zuerst", "zusammen",
];

/// Days told from today: how many before it.
#[rustfmt::skip]
pub(super) const RELATIVE: &[(i32, &[&str])] = &[
    (-2, &["overmorgen", "ubermorgen", "apresdemain", "dopodomani"]),
    (-1, &["demain", "domani", "tomorrow"]),
    (0, &["tonight"]),
    (1, &["anoche", "ayer", "gestern", "gisteren", "ieri", "yesterday"]),
    (2, &["anteayer", "eergisteren", "vorgestern"]),
];
/// What stands beside a unit of time: how many before the present one.
#[rustfmt::skip]
pub(super) const BESIDE: &[(i32, &[&str])] = &[
    (1, &["dernier", "derniere", "last", "letzte", "letzten", "letzter", "letztes", "passe", "passee", "pasada", "pasado",
        "scorsa", "scorso", "vergangene", "vergangenen", "vorige", "vorigen", "voriges"]),
    (-1, &["kommende", "kommenden", "kommendes", "nachste", "nachsten", "nachster", "nachstes", "next", "prochain",
        "prochaine", "prossima", "prossimo", "proxima", "proximo"]),
];
/// Units of time.
#[rustfmt::skip]
pub(super) const UNITS: &[(Unit, &[&str])] = &[
    (Unit::Day, &["dag", "dagen", "day", "days", "dia", "dias", "giorni", "giorno", "jour", "jours", "tag", "tage", "tagen"]),
    (Unit::Week, &["semaine", "semaines", "semana", "semanas", "settimana", "settimane", "week", "weken", "weeks", "woche", "wochen"]),
    (Unit::Month, &["maand", "maanden", "mes", "mese", "meses", "mesi", "mois", "monat", "monate", "monaten", "month", "months"]),
    (Unit::Year, &["an", "anni", "annee", "annees", "anno", "ano", "anos", "ans", "jaar", "jahr", "jahre", "jahren", "year", "years"]),
];
#[rustfmt::skip]
pub(super) const MONTHS: &[&[&str]] = &[
    &["january", "januar", "janner", "janvier", "enero", "gennaio", "januari"],
    &["february", "februar", "fevrier", "febrero", "febbraio", "februari"],
    &["march", "marz", "mars", "marzo", "maart"],
    &["april", "avril", "abril", "aprile"],
    &["may", "mai", "mayo", "maggio", "mei"],
    &["june", "juni", "juin", "junio", "giugno"],
    &["july", "juli", "juillet", "julio", "luglio"],
    &["august", "aout", "agosto", "augustus"],
    &["september", "septembre", "septiembre", "settembre"],
    &["october", "oktober", "octobre", "octubre", "ottobre"],
    &["november", "novembre", "noviembre"],
    &["december", "dezember", "decembre", "diciembre", "dicembre"],
];
/// Months in short, which are names and numbers as well: taken for months beside a number only.
#[rustfmt::skip]
pub(super) const SHORT_MONTHS: &[&[&str]] = &[
    &["jan", "janv", "ene", "gen"], &["feb", "febr", "fevr"], &["mar", "mrz"], &["apr", "avr", "abr"], &["mag"],
    &["jun", "giu"], &["jul", "lug"], &["aug", "ago"], &["sep", "sept", "set"], &["oct", "okt", "ott"], &["nov"],
    &["dec", "dez", "dic"],
];
#[rustfmt::skip]
pub(super) const WEEKDAYS: &[&[&str]] = &[
    &["monday", "montag", "lundi", "lunes", "lunedi", "maandag"],
    &["tuesday", "dienstag", "mardi", "martes", "martedi", "dinsdag"],
    &["wednesday", "mittwoch", "mercredi", "miercoles", "mercoledi", "woensdag"],
    &["thursday", "donnerstag", "jeudi", "jueves", "giovedi", "donderdag"],
    &["friday", "freitag", "vendredi", "viernes", "venerdi", "vrijdag"],
    &["saturday", "samstag", "sonnabend", "samedi", "sabado", "sabato", "zaterdag"],
    &["sunday", "sonntag", "dimanche", "domingo", "domenica", "zondag"],
];
/// From spring on; "\u{e9}t\u{e9}", "spring" and "fall" mean other things as often.
#[rustfmt::skip]
pub(super) const SEASONS: &[&[&str]] = &[
    &["fruhling", "fruhjahr", "printemps", "primavera", "springtime"],
    &["summer", "summers", "sommer", "sommers", "verano", "veranos", "zomer"],
    &["autumn", "autumns", "herbst", "automne", "otono", "autunno", "herfst"],
    &["winter", "winters", "hiver", "hivers", "invierno", "inviernos", "inverno"],
];

/// One, where it belongs to a greater number; else it is an article as often.
pub(super) const ONE: &[&str] = &["one", "ein", "eins", "een", "un", "une", "uno", "una"];
/// Names of a hundred and a thousand within a word, and whether the word may begin with it.
#[rustfmt::skip]
pub(super) const GROUPS: &[(&str, u32, bool)] = &[
    ("tausend", 1_000, true), ("duizend", 1_000, true), ("mila", 1_000, false), ("hundert", 100, true),
    ("honderd", 100, true), ("cientos", 100, false), ("cientas", 100, false), ("cento", 100, true),
];
/// How tens begin in Italian and Spanish words.
#[rustfmt::skip]
pub(super) const TENS: &[(&str, u32)] = &[
    ("veinti", 20), ("vent", 20), ("trent", 30), ("quarant", 40), ("cinquant", 50), ("sessant", 60), ("settant", 70),
    ("ottant", 80), ("novant", 90),
];
/// From two on.
#[rustfmt::skip]
pub(super) const NUMBERS: &[(u32, &[&str])] = &[
    (2, &["two", "zwei", "deux", "dos", "due", "twee", "twice"]),
    (3, &["three", "drei", "trois", "tres", "tre", "drie", "third", "dritte", "dritten", "dritter", "drittes", "troisieme", "tercer", "tercera", "tercero", "terza", "terzo"]),
    (4, &["four", "vier", "quatre", "cuatro", "quattro", "fourth", "vierte", "vierten", "quatrieme"]),
    (5, &["five", "funf", "cinq", "cinco", "cinque", "vijf", "fifth", "funfte", "funften", "cinquieme", "quinto", "quinta"]),
    (6, &["six", "sechs", "seis", "zes", "sixth", "sechste", "sechsten", "sixieme", "sexto", "sesto"]),
    (7, &["seven", "sieben", "sept", "siete", "sette", "zeven", "seventh", "siebte", "siebten", "septieme", "septimo", "settimo"]),
    (8, &["eight", "acht", "huit", "ocho", "otto", "eighth", "huitieme", "octavo", "ottavo"]),
    (9, &["nine", "neun", "neuf", "nueve", "nove", "negen", "ninth", "neunte", "neunten", "neuvieme", "noveno"]),
    (10, &["ten", "zehn", "dix", "diez", "dieci", "tien", "tenth", "zehnte", "zehnten", "dixieme", "decimo"]),
    (11, &["eleven", "elf", "onze", "undici", "eleventh"]),
    (12, &["twelve", "zwolf", "douze", "doce", "dodici", "twaalf", "dozen", "twelfth"]),
    (13, &["thirteen", "dreizehn", "treize", "trece", "tredici", "dertien"]),
    (14, &["fourteen", "vierzehn", "quatorze", "catorce", "quattordici", "veertien"]),
    (15, &["fifteen", "funfzehn", "quinze", "quince", "quindici", "vijftien"]),
    (16, &["sixteen", "sechzehn", "seize", "dieciseis", "sedici", "zestien"]),
    (17, &["seventeen", "siebzehn", "diecisiete", "diciassette", "zeventien"]),
    (18, &["eighteen", "achtzehn", "dieciocho", "diciotto", "achttien"]),
    (19, &["nineteen", "neunzehn", "diecinueve", "diciannove", "negentien"]),
    (20, &["twenty", "zwanzig", "vingt", "vingts", "veinte", "venti", "twintig", "twentieth"]),
    (30, &["thirty", "dreissig", "trente", "treinta", "trenta", "dertig", "thirtieth"]),
    (40, &["forty", "vierzig", "quarante", "cuarenta", "quaranta", "veertig", "fortieth"]),
    (50, &["fifty", "funfzig", "cinquante", "cincuenta", "cinquanta", "vijftig", "fiftieth"]),
    (60, &["sixty", "sechzig", "soixante", "sesenta", "sessanta", "zestig", "sixtieth"]),
    (70, &["seventy", "siebzig", "setenta", "settanta", "zeventig"]),
    (80, &["eighty", "achtzig", "ochenta", "ottanta", "tachtig"]),
    (90, &["ninety", "neunzig", "noventa", "novanta", "negentig"]),
    (100, &["hundred", "hundreds", "hundert", "cent", "cents", "cien", "ciento", "cento", "honderd", "hundredth"]),
    (500, &["quinientos", "quinientas"]),
    (700, &["setecientos", "setecientas"]),
    (900, &["novecientos", "novecientas"]),
    (1_000, &["thousand", "thousands", "tausend", "mille", "mil", "duizend"]),
];

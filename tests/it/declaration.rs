//! The declaration: a page that tells everything without a script, in the reader's language.

use samtykke::notice::NECESSARY;

use crate::server::{Database, SITE, Server, on_both, root, settings};

const PATH: &str = "/v1/sites/shop/declaration";

on_both!(the_declaration_names_everything_that_the_site_keeps, |server| {
    let page = server.get(PATH).expect(200);
    let text = page.text();
    for told in [
        "<html lang=\"nb\" dir=\"ltr\">",
        "<h1>Dette lagrer Butikken på enheten din</h1>",
        "#1</bdi>",
        "<code dir=\"ltr\">samtykke_shop</code>",
        "<td>12 måneder</td>",
        "Google Ireland Ltd",
        "<bdi>USA</bdi>",
        "<code dir=\"ltr\">_ga_*</code>",
        "<td>2 år</td>",
        "https://policies.google.com/privacy",
        "href=\"https://www.example.no/personvern\"",
        "href=\"https://www.example.no\"",
        "<strong>Butikken AS</strong>",
        "Storgata 1, 0155 Oslo",
        "href=\"mailto:personvern@example.no\"",
    ] {
        assert!(text.contains(told), "{told}\n{text}");
    }
    // Published today, or yesterday when the test runs at midnight.
    let now = samtykke::day::Day::of(samtykke::serve::now());
    let words = samtykke::words::of("nb").expect("bokmål");
    let published = [now, samtykke::day::Day(now.0 - 1)]
        .map(|day| format!("Sist endret: <time datetime=\"{day}\">{}</time>", words.date(day)));
    assert!(published.iter().any(|told| text.contains(told)), "{text}");
    for never in ["<script", "{name}", "{date}", "{controller}", " style=", "<img", "src="] {
        assert!(!text.contains(never), "{never}");
    }
});

on_both!(the_declaration_is_in_the_language_of_its_reader, |server| {
    let check = |query: &str, accepted: &str, language: &str| {
        let page = server.send("GET", &format!("{PATH}{query}"), &[("accept-language", accepted)], None).expect(200);
        assert_eq!(page.header("content-language"), language, "{query} {accepted}");
        assert!(page.text().contains(&format!("<html lang=\"{language}\"")));
        assert!(page.all("vary").contains("Accept-Language"), "{}", page.all("vary"));
    };
    check("", "", "nb");
    check("?lang=en-GB", "nb", "en");
    check("?lang=", "en", "en");
    check("?lang=de", "fr, en;q=0.1", "en");
    check("?lang=de", "fr", "nb");
    let page = server.get(&format!("{PATH}?lang=en"));
    let text = page.text();
    assert!(text.contains("<td>12 months</td>") && text.contains("<bdi>United States</bdi>"), "{text}");
    for (language, name) in [("nb", "norsk bokmål"), ("en", "English")] {
        assert!(text.contains(&format!("<link rel=\"alternate\" hreflang=\"{language}\"")), "{language}");
        assert!(text.contains(&format!("hreflang=\"{language}\" lang=\"{language}\"")), "{language}");
        assert!(text.contains(&format!(">{name}</a>")), "{name}");
    }
    assert_eq!(text.matches("aria-current=\"page\"").count(), 1);
});

on_both!(the_declaration_is_guarded_and_kept_by_the_browser_alone, |server| {
    let page = server.send("GET", PATH, &[("accept-encoding", "br, gzip")], None).expect(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "private, no-cache");
    assert_eq!(page.header("content-encoding"), "br");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.ends_with("='; frame-ancestors 'none'; base-uri 'none'"), "{policy}");
    let tag = page.header("etag");
    let asked = [("accept-encoding", "br, gzip"), ("if-none-match", tag)];
    let known = server.send("GET", PATH, &asked, None).expect(304);
    assert_eq!((known.body.len(), known.header("etag")), (0, tag));
    assert_eq!(known.header("content-security-policy"), policy);
    let english = server.send("GET", &format!("{PATH}?lang=en"), &asked, None).expect(200);
    assert_ne!(english.header("etag"), tag);
    let head = server.send("HEAD", PATH, &[], None).expect(200);
    assert_eq!((head.body.len(), head.header("content-language")), (0, "nb"));
    server.get("/v1/sites/none/declaration").problem(404, "unknown-site");
    server.get(&format!("{PATH}?lang=a&lang=b")).problem(400, "malformed");
});

on_both!(what_an_operator_writes_comes_out_as_text, |server| {
    let odd = "<b>&\\\"'";
    let text = SITE
        .replace("name = \"Butikken\"", &format!("name = \"{odd}\""))
        .replace("Butikken AS", odd)
        .replace("Storgata 1", odd)
        .replace(
            "key = \"G-TEST000001\"",
            &format!("key = \"G-1\"\nname = \"{odd}\"\nvendor = \"{odd}\"\nstorage = [\"<i>\"]"),
        )
        .replace("https://www.example.no/personvern", "/om?a=\\\"><script>&b='");
    let text = format!("{text}\n[texts.nb]\nupdated = \"<u>{{date}} {{date}}\"\n");
    server.database.apply(&text);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let page = loop {
        let page = server.get(PATH).expect(200);
        if page.text().contains("#2</bdi>") {
            break page.text().to_owned();
        }
        assert!(std::time::Instant::now() < deadline, "the new notice is there within seconds");
    };
    for never in ["<b>", "<i>", "<u>", "<script"] {
        assert!(!page.contains(never), "{never}\n{page}");
    }
    assert!(page.contains("<h1>Dette lagrer &lt;b&gt;&amp;&quot;' på enheten din</h1>"), "{page}");
    assert!(page.contains("<code dir=\"ltr\">&lt;i&gt;</code> (<bdi>nettleserlager</bdi>)"), "{page}");
    assert!(page.contains("href=\"https://www.example.no/om?a=&quot;&gt;&lt;script&gt;&amp;b='\""), "{page}");
    assert_eq!(page.matches("</time>").count(), 2, "as often as the text has the place");
});

#[test]
fn every_service_of_the_demonstration_is_declared() {
    let example = std::fs::read_to_string(root().join("server/demo/site.toml")).expect("the example");
    let content = samtykke::site_file::parse(&example).expect("a good file").content;
    for database in [Database::sqlite(), Database::postgres()] {
        database.apply(&example);
        let server = Server::with(database, settings());
        for language in ["nb", "en"] {
            let page = server.get(&format!("{PATH}?lang={language}")).expect(200);
            let text = page.text();
            for purpose in std::iter::once(NECESSARY).chain(content.purposes.iter().map(String::as_str)) {
                assert!(text.contains(&content.texts[language][&format!("purpose_{purpose}_name")]), "{purpose}");
            }
            for service in &content.services {
                let heading = format!("<h3 id=\"service-{}\">{}</h3>", service.id, service.name);
                assert!(text.contains(&heading) && text.contains(&service.vendor), "{}", service.id);
                for cookie in service.cookies.iter().flatten() {
                    assert!(text.contains(&format!(">{}</code>", cookie.name)), "{}", cookie.name);
                }
            }
            assert!(text.contains("href=\"tel:+4773000000\""), "{text}");
            assert!(text.contains("<a href=\"https://www.datatilsynet.no\"><bdi>Datatilsynet</bdi></a>"), "{text}");
        }
    }
}

#[test]
fn a_notice_from_before_there_was_a_declaration_is_declared_too() {
    for database in [Database::sqlite(), Database::postgres()] {
        database.apply(SITE);
        let older = "UPDATE notices SET content = replace(content, '\"declaration\":', '\"elsewhere\":')";
        crate::server::execute(&database.url(), older);
        let page = Server::with(database, settings()).get(PATH).expect(200);
        assert!(page.text().contains("<h1>Dette lagrer Butikken på enheten din</h1>"), "{}", page.text());
    }
}

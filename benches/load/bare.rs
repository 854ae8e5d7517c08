//! The most that actix-web gives on this machine: it reads the body and answers the same bytes to everything, with as many workers
//! as the service. It runs as a process of its own, which is the bench again with other arguments.

use std::io::Read;
use std::net::TcpListener;

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer, rt};

struct Always {
    status: StatusCode,
    content_type: String,
    body: Bytes,
}

/// Whether this process was started to be the bare server.
pub fn asked() -> bool {
    std::env::args().nth(1).is_some_and(|word| word == "bare")
}

/// Serves `bare STATUS CONTENT_TYPE`, with the body from standard input, until it is killed.
pub fn serve() {
    let mut words = std::env::args().skip(2);
    let status = words.next().and_then(|status| status.parse().ok()).expect("a status");
    let content_type = words.next().expect("a content type");
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body).expect("a body");
    let always = Data::new(Always { status, content_type, body: body.into() });
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let outcome = rt::System::new().block_on(async move {
        let server =
            HttpServer::new(move || App::new().app_data(Data::clone(&always)).default_service(web::to(answer)))
                .workers(super::cores())
                .disable_signals()
                .listen(listener)?
                .run();
        println!("bare on http://{address}");
        server.await
    });
    outcome.expect("it serves");
}

async fn answer(_read: Bytes, always: Data<Always>) -> HttpResponse {
    HttpResponse::build(always.status).content_type(always.content_type.as_str()).body(always.body.clone())
}

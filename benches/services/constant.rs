//! Serves a constant, with the settings and the headers of fastjson-api: what the framework leaves to win.
//!
//! Usage: constant FILE HOST:PORT

use std::time::Duration;

use actix_web::http::header::{CONTENT_TYPE, ETAG};
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse, HttpServer, rt};

fn main() -> std::io::Result<()> {
    let [file, address] = std::env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| std::io::Error::other("usage: constant FILE HOST:PORT"))?;
    let text = Bytes::from(std::fs::read(file)?);
    let server = HttpServer::new(move || {
        let text = text.clone();
        let answer = move || {
            let text = text.clone();
            async move {
                HttpResponse::Ok()
                    .insert_header((CONTENT_TYPE, "application/json"))
                    .insert_header((ETAG, "\"1\""))
                    .body(text)
            }
        };
        // Without a route, whose regular expression would take a tenth of the time.
        App::new().default_service(web::to(answer))
    })
    .workers(std::thread::available_parallelism()?.get())
    .keep_alive(Duration::from_secs(75))
    .client_request_timeout(Duration::from_secs(15))
    .client_disconnect_timeout(Duration::from_secs(1))
    .bind(address)?;
    rt::System::new().block_on(server.run())
}

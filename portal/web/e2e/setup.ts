// The application's router is read without a browser; its client asks where it is.
globalThis.location ??= new URL("http://localhost") as unknown as Location;

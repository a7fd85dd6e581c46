// The application's router is read without a browser; its parts ask where they are, and on which system.
globalThis.location ??= new URL("http://localhost") as unknown as Location;
globalThis.navigator ??= { platform: "", languages: [] } as unknown as Navigator;

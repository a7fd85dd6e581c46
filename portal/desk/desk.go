// Package desk holds the words of the domain: ids, roles, the viewer, error
// codes and the kinds of events. It imports only the standard library, so that
// every room of the house can speak the same language without importing
// another room.
package desk

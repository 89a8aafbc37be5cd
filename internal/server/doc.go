// Package server builds the rooms of the house, connects them, and starts and stops them in order.
//
// It alone knows the configuration and turns it into each room's own options. It decides nothing that a
// room could decide.
//
// Long-lived goroutines: the loops (reactor), one broadcaster (admin), one housekeeper that lets the hub's time
// pass, and where that is configured those that fetch keys and ask the application (auth). Start at [Start].
package server

// Package server builds the rooms of the house, connects them, and starts and stops them in order.
//
// It alone knows the configuration and turns it into each room's own options. It decides nothing that a
// room could decide.
//
// Long-lived goroutines: the loops (reactor), one broadcaster (admin), and one housekeeper that lets the
// hub's time pass. Start at [Start].
package server

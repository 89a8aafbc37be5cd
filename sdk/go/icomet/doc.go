// Package icomet is the client of an icomet server, for those who publish and those who subscribe.
package icomet
